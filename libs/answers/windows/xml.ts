import { XMLParser, XMLValidator } from 'fast-xml-parser';
import type { Fault } from '#protocol';
import { shown } from '../fault.js';

export interface Element {
  /** Without a prefix. */
  name: string;
  prefix: string;
  attributes: Record<string, string>;
  /** Text of the element itself, decoded and without white space around it. */
  text: string;
  children: Element[];
  line: number;
}

type Parsed = Record<string, unknown>;

const parser = new XMLParser({
  preserveOrder: true,
  ignoreAttributes: false,
  attributeNamePrefix: '',
  captureMetaData: true,
  trimValues: false,
  parseTagValue: false,
  parseAttributeValue: false,
  // Decoded here: the parser would leave out references by number.
  processEntities: false,
  commentPropName: '#comment',
  cdataPropName: '#cdata',
});

/**
 * Reads XML 1.0; null when it is not well-formed, which the faults then say. No document type: nothing is
 * expanded or fetched.
 */
export function readXml(text: string): { root: Element | null; faults: Fault[] } {
  const faults = charFaults(text);
  const lineOf = lineCounter(text);
  const notWell = (message: string, line: number): { root: null; faults: Fault[] } => ({
    root: null,
    faults: [
      ...faults,
      {
        path: '',
        message: `this is not well-formed XML: ${message}`,
        remedy: 'correct the text at this line',
        line,
      },
    ],
  });
  const valid = XMLValidator.validate(text.replace(/^\uFEFF/, ''));
  if (valid !== true) return notWell(valid.err.msg, valid.err.line);
  if (/<!DOCTYPE/i.test(text))
    return notWell('a document type has no place in an answer file', lineOf(text.search(/<!DOCTYPE/i)));
  const plain = blanked(text);
  const entity = /&(?!(amp|lt|gt|quot|apos|#\d+|#x[0-9A-Fa-f]+);)[^;\s]*;?/.exec(plain);
  if (entity) return notWell(`${shown(entity[0])} is no entity of XML`, lineOf(entity.index));
  const loose = plain.indexOf(']]>');
  if (loose >= 0) return notWell(']]> stands in text: write ]]&gt;', lineOf(loose));
  let roots: Element[];
  try {
    roots = elements(parser.parse(text) as Parsed[], lineOf);
  } catch (error) {
    // What the parser minds and its validator does not, such as a processing instruction left open.
    return notWell((error as Error).message, 1);
  }
  if (roots.length !== 1) return notWell('it has more than one root', roots[1]?.line ?? 1);
  return { root: roots[0] ?? null, faults };
}

/**
 * Setup reads other encodings wrongly or not at all where a file is made without care: plain ASCII is the
 * same in all of them.
 */
function charFaults(text: string): Fault[] {
  return text.split('\n').flatMap((line, index) => {
    const odd = /[^\t\r\x20-\x7E]/.exec(index === 0 ? line.replace(/^\uFEFF/, '') : line);
    if (!odd) return [];
    const code = (odd[0].codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0');
    return [
      {
        path: '',
        value: `U+${code}`,
        message: 'is not plain ASCII',
        remedy: `write it as &#x${code};`,
        line: index + 1,
      },
    ];
  });
}

/** With the insides of comments and CDATA sections as blanks, at the same places. */
const blanked = (text: string): string =>
  text.replace(/<!--[\s\S]*?-->|<!\[CDATA\[[\s\S]*?\]\]>|<\?[\s\S]*?\?>/g, (part) => ' '.repeat(part.length));

function lineCounter(text: string): (offset: number) => number {
  const starts = [0];
  for (let at = text.indexOf('\n'); at >= 0; at = text.indexOf('\n', at + 1)) starts.push(at + 1);
  return (offset) => {
    let [low, high] = [0, starts.length];
    while (high - low > 1) {
      const middle = (low + high) >> 1;
      if ((starts[middle] ?? 0) <= offset) low = middle;
      else high = middle;
    }
    return low + 1;
  };
}

function elements(nodes: Parsed[], lineOf: (offset: number) => number): Element[] {
  const meta = XMLParser.getMetaDataSymbol() as unknown as keyof Parsed;
  return nodes.flatMap((node): Element[] => {
    const tag = Object.keys(node).find((key) => key !== ':@') ?? '';
    if (tag === '' || tag.startsWith('#') || tag.startsWith('?')) return [];
    const inside = node[tag] as Parsed[];
    const [, prefix = '', name = tag] = /^(?:([^:]+):)?(.+)$/.exec(tag) ?? [];
    const attributes = (node[':@'] ?? {}) as Record<string, string>;
    return [
      {
        name,
        prefix,
        attributes: Object.fromEntries(
          Object.entries(attributes).map(([key, value]) => [key, decode(value)]),
        ),
        text: ownText(inside).trim(),
        children: elements(inside, lineOf),
        line: lineOf((node[meta] as { startIndex?: number } | undefined)?.startIndex ?? 0),
      },
    ];
  });
}

function ownText(nodes: Parsed[]): string {
  return nodes
    .map((node) => {
      if ('#text' in node) return decode(String(node['#text']));
      return '#cdata' in node
        ? (node['#cdata'] as Parsed[]).map((part) => String(part['#text'] as string)).join('')
        : '';
    })
    .join('');
}

const NAMED: Record<string, string> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" };
const decode = (text: string): string =>
  text.replace(/&(#x?[0-9A-Fa-f]+|\w+);/g, (all, name: string) => {
    if (!name.startsWith('#')) return NAMED[name] ?? all;
    const code = name[1] === 'x' ? parseInt(name.slice(2), 16) : Number(name.slice(1));
    return code <= 0x10ffff ? String.fromCodePoint(code) : all;
  });
