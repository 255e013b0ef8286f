import { createRequire } from 'node:module';
import { Language, Parser, type Tree } from 'web-tree-sitter';

const require = createRequire(import.meta.url);
const WASM = {
  bash: () => require.resolve('tree-sitter-bash/tree-sitter-bash.wasm'),
  powershell: () => require.resolve('tree-sitter-powershell/tree-sitter-powershell.wasm'),
} as const;
export type Grammar = keyof typeof WASM;

/** Milliseconds; a text of 256 KiB takes some 200. */
const DEADLINE_MS = 5_000;

const parsers = new Map<Grammar, Promise<Parser>>();

/** Loaded once, when the first text is judged: most processes that could judge one never do. */
function parserOf(grammar: Grammar): Promise<Parser> {
  const known = parsers.get(grammar);
  if (known) return known;
  const parser = (async () => {
    await Parser.init();
    const made = new Parser();
    made.setLanguage(await Language.load(WASM[grammar]()));
    return made;
  })();
  parsers.set(grammar, parser);
  return parser;
}

/**
 * Reads a text by a grammar and hands the tree to `use`, which must not keep it.
 * @param use gets null when the text could not be read in time
 */
export async function withTree<T>(grammar: Grammar, text: string, use: (tree: Tree | null) => T): Promise<T> {
  const parser = await parserOf(grammar);
  const until = performance.now() + DEADLINE_MS;
  const tree = parser.parse(text, null, { progressCallback: () => performance.now() > until });
  // What was begun and not finished would go on with the next text.
  if (!tree) parser.reset();
  try {
    return use(tree);
  } finally {
    tree?.delete();
  }
}
