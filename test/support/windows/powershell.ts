import { createRequire } from 'node:module';
import { Language, type Node, Parser } from 'web-tree-sitter';

/** A reader of PowerShell that runs nothing: it gives the places where a text is not the language. */
export async function powershellReader(): Promise<(text: string) => string[]> {
  const require = createRequire(import.meta.url);
  await Parser.init();
  const parser = new Parser();
  parser.setLanguage(
    await Language.load(require.resolve('tree-sitter-powershell/tree-sitter-powershell.wasm')),
  );
  return (text) => {
    const faults: string[] = [];
    const visit = (node: Node): void => {
      if (node.isError || node.isMissing) faults.push(`line ${node.startPosition.row + 1}: ${node.type}`);
      for (const child of node.children) if (child) visit(child);
    };
    const tree = parser.parse(text);
    if (tree) visit(tree.rootNode);
    return faults;
  };
}
