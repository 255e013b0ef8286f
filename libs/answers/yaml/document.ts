import type { Fault } from '#protocol';
import {
  type Document,
  isMap,
  isScalar,
  isSeq,
  LineCounter,
  type Node,
  type Pair,
  parseDocument,
  visit,
  type YAMLMap,
} from 'yaml';

export interface YamlText {
  /** Plain values; undefined when the text is no YAML. */
  value: unknown;
  faults: Fault[];
  /** The line of what stands at a path, or of the nearest thing above it that is there. */
  lineOf(path: readonly PropertyKey[]): number | undefined;
}

/** What has more was not meant for us, and is refused before it keeps anybody waiting. */
const LINES_MAX = 20_000;

/**
 * Reads YAML as PyYAML does, which cloud-init and Subiquity use: YAML 1.1, in which `yes` is a boolean, and
 * an unquoted MAC address of small digits a number. YAML 1.2 is for files of our own. A key that stands twice
 * is a fault, though PyYAML silently takes the last.
 */
export function readYaml(text: string, version: '1.1' | '1.2' = '1.1'): YamlText {
  const length = text.split('\n', LINES_MAX + 1).length;
  if (length > LINES_MAX) {
    const message = `this is no answer file: it has more than ${LINES_MAX} lines`;
    const fault = {
      path: '',
      message,
      remedy: 'let it fetch what is long, or leave it to a first-boot script',
    };
    return { value: undefined, faults: [fault], lineOf: () => undefined };
  }
  const lines = new LineCounter();
  const document = parseDocument(text, {
    version,
    lineCounter: lines,
    prettyErrors: false,
    // The package compares each key with all of its neighbours; ours are looked up.
    uniqueKeys: false,
    logLevel: 'error',
  });
  const line = (offset: number): number => lines.linePos(offset).line;
  const faults = document.errors.map(({ message, pos }): Fault => ({
    path: '',
    message: `this is not YAML: ${message}`,
    remedy: 'correct the text at this line',
    line: line(pos[0]),
  }));
  faults.push(
    ...keysTwice(document).map((offset): Fault => ({
      path: '',
      message: `the key ${keyAt(text, offset)} stands twice`,
      remedy: 'keep one: the other is ignored',
      line: line(offset),
    })),
  );
  let value: unknown;
  if (document.errors.length === 0) {
    try {
      value = document.toJS({ maxAliasCount: 100 });
    } catch (error) {
      faults.push({
        path: '',
        message: `this is not YAML: ${(error as Error).message}`,
        remedy: 'write values out',
      });
    }
  }
  const root = document.contents;
  return {
    value,
    faults,
    lineOf: (path) => {
      const offset = root ? offsetAt(root, path) : undefined;
      return offset === undefined ? undefined : line(offset);
    },
  };
}

function keyAt(text: string, offset: number): string {
  return /^[^:\n]{1,60}/.exec(text.slice(offset))?.[0].trim() ?? '';
}

/** Where keys stand that stood in the same mapping before. */
function keysTwice(document: Document): number[] {
  const found: number[] = [];
  visit(document, {
    Map: (_key, { items }) => {
      const seen = new Set<unknown>();
      for (const { key } of items) {
        // A merge key may stand as often as it likes.
        if (!isScalar(key) || (key.value === '<<' && key.type === 'PLAIN')) continue;
        if (seen.has(key.value)) found.push(key.range?.[0] ?? 0);
        seen.add(key.value);
      }
    },
  });
  return found;
}

const indexes = new WeakMap<YAMLMap, Map<string, Pair>>();

/** Finds a pair of a mapping by its key: the first one of that name. */
function pairOf(map: YAMLMap, name: string): Pair | undefined {
  let index = indexes.get(map);
  if (!index) {
    index = new Map();
    for (const pair of map.items) {
      const key = isScalar(pair.key) ? String(pair.key.value) : undefined;
      if (key !== undefined && !index.has(key)) index.set(key, pair);
    }
    indexes.set(map, index);
  }
  return index.get(name);
}

/** Where the last part of the path that exists begins; for a map's value that is its key. */
function offsetAt(root: Node, path: readonly PropertyKey[]): number | undefined {
  let node: unknown = root;
  let offset = root.range?.[0];
  for (const step of path) {
    if (isMap(node)) {
      const pair = pairOf(node, String(step));
      if (!pair) break;
      offset = (pair.key as Node).range?.[0] ?? offset;
      node = pair.value;
    } else if (isSeq(node)) {
      const item = node.items[Number(step)] as Node | undefined;
      if (!item) break;
      offset = item.range?.[0] ?? offset;
      node = item;
    } else break;
  }
  return offset;
}
