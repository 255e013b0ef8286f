import type { Fault } from '#protocol';
import { isMap, isPair, isScalar, isSeq, LineCounter, type Node, parseDocument } from 'yaml';

export interface YamlText {
  /** Plain values; undefined when the text is no YAML. */
  value: unknown;
  faults: Fault[];
  /** The line of what stands at a path, or of the nearest thing above it that is there. */
  lineOf(path: readonly PropertyKey[]): number | undefined;
}

/** Each key is compared with its neighbours: what has more is refused before it keeps anybody waiting. */
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
    logLevel: 'error',
  });
  const line = (offset: number): number => lines.linePos(offset).line;
  const faults = document.errors.map(({ code, message, pos }): Fault => {
    const twice = code === 'DUPLICATE_KEY';
    return {
      path: '',
      message: twice ? `the key ${keyAt(text, pos[0])} stands twice` : `this is not YAML: ${message}`,
      remedy: twice ? 'keep one: the other is ignored' : 'correct the text at this line',
      line: line(pos[0]),
    };
  });
  let value: unknown;
  if (document.errors.every(({ code }) => code === 'DUPLICATE_KEY')) {
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

/** Where the last part of the path that exists begins; for a map's value that is its key. */
function offsetAt(root: Node, path: readonly PropertyKey[]): number | undefined {
  let node: unknown = root;
  let offset = root.range?.[0];
  for (const step of path) {
    if (isMap(node)) {
      const pair = node.items.find(({ key }) => isScalar(key) && String(key.value) === String(step));
      if (!isPair(pair)) break;
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
