import { XMLParser } from 'fast-xml-parser';

export interface XmlNode {
  name: string;
  attributes: Record<string, string>;
  children: XmlNode[];
  text: string;
}

type Raw = Record<string, unknown>;

/** Reads XML with a parser that is not ours; order, attributes and white space are kept. */
export function parseXml(text: string): XmlNode {
  const parser = new XMLParser({
    preserveOrder: true,
    ignoreAttributes: false,
    attributeNamePrefix: '',
    trimValues: false,
    parseTagValue: false,
    parseAttributeValue: false,
    htmlEntities: true,
    ignoreDeclaration: true,
    processEntities: { enabled: true, maxTotalExpansions: 1e7, maxExpandedLength: 1e8, maxEntityCount: 1e6 },
  });
  const [root] = (parser.parse(text) as Raw[]).filter((raw) => !('#text' in raw));
  return node(root ?? {});
}

function node(raw: Raw): XmlNode {
  const [name = ''] = Object.keys(raw).filter((key) => key !== ':@');
  const inner = raw[name] as Raw[];
  return {
    name,
    attributes: (raw[':@'] ?? {}) as Record<string, string>,
    children: inner.filter((child) => !('#text' in child)).map(node),
    text: inner.map((child) => ('#text' in child ? String(child['#text']) : '')).join(''),
  };
}

/** The elements at a path of names; a name may carry a filter: `settings[pass=specialize]`. */
export function findAll(root: XmlNode, path: string): XmlNode[] {
  return path.split('/').reduce<XmlNode[]>(
    (nodes, step) => {
      const [, name, key, value] = /^([\w:-]+)(?:\[([\w:]+)=([^\]]+)\])?$/.exec(step) ?? [];
      return nodes
        .flatMap(({ children }) => children)
        .filter((child) => child.name === name && (key === undefined || child.attributes[key] === value));
    },
    [root],
  );
}
