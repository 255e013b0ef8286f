import { xmlAscii } from '../../escape.js';

/** An element: name, text or children, attributes. */
export interface XmlElement {
  name: string;
  content: string | readonly XmlElement[];
  attributes: Readonly<Record<string, string>>;
}

export const element = (
  name: string,
  content: string | readonly (XmlElement | null)[],
  attributes: Record<string, string> = {},
): XmlElement => ({
  name,
  content: typeof content === 'string' ? content : content.filter((child) => child !== null),
  attributes,
});

/** One of a list: `wcm:action` tells setup to add it to what an image may have already. */
export const listItem = (name: string, content: string | readonly (XmlElement | null)[]): XmlElement =>
  element(name, content, { 'wcm:action': 'add' });

/**
 * A document in plain ASCII; the only way by which a value becomes XML here. @throws Error for a value that
 * XML cannot carry
 */
export function writeXml(root: XmlElement): string {
  return `<?xml version="1.0" encoding="utf-8"?>\n${write(root, '')}`;
}

function write({ name, content, attributes }: XmlElement, indent: string): string {
  const given = Object.entries(attributes).map(([key, value]) => ` ${key}="${xmlAscii(value)}"`);
  const open = `${indent}<${name}${given.join('')}`;
  if (typeof content === 'string') return `${open}>${xmlAscii(content)}</${name}>\n`;
  if (content.length === 0) return `${open}/>\n`;
  return `${open}>\n${content.map((child) => write(child, `${indent}  `)).join('')}${indent}</${name}>\n`;
}
