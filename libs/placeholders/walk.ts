import type { Node, Tree } from 'web-tree-sitter';
import type { Placeholder } from '#protocol';

/** Nodes around a placeholder: more are not looked at, so that no nesting costs more than its length. */
const DEPTH = 400;
/** Milliseconds. */
const DEADLINE_MS = 5_000;

/**
 * The nodes around each placeholder, the root first and the innermost last; null where there are too many, or
 * where the time is up. One walk along the tree for all of them: asking each node for its parent would look
 * through all siblings every time.
 */
export function nodesAround(
  tree: Tree,
  placeholders: readonly Placeholder[],
): Map<Placeholder, readonly Node[] | null> {
  const found = new Map<Placeholder, readonly Node[] | null>();
  const until = performance.now() + DEADLINE_MS;
  const cursor = tree.walk();
  const path: Node[] = [tree.rootNode];
  let depth = 0;
  for (const placeholder of placeholders) {
    const { start, end } = placeholder;
    let isTooDeep = false;
    for (let steps = 0; ; steps += 1) {
      if (steps % 1024 === 1023 && performance.now() > until) isTooDeep = true;
      if (isTooDeep) break;
      if (cursor.startIndex <= start && cursor.endIndex >= end) {
        path[depth] = cursor.currentNode;
        path.length = depth + 1;
        if (depth >= DEPTH) isTooDeep = true;
        else if (cursor.gotoFirstChild()) depth += 1;
        else break;
      } else if (cursor.endIndex > start) {
        // A sibling behind it: what is around both is the innermost.
        path.length = depth;
        break;
      } else if (!cursor.gotoNextSibling()) {
        if (!cursor.gotoParent()) break;
        depth -= 1;
        const isAround = cursor.startIndex <= start && cursor.endIndex >= end;
        if (isAround) {
          path.length = depth + 1;
          break;
        }
      }
    }
    found.set(placeholder, isTooDeep ? null : [...path]);
    if (performance.now() > until) return found;
  }
  cursor.delete();
  return found;
}
