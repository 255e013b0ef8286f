import type { Node, Tree } from 'web-tree-sitter';
import type { Placeholder } from '#protocol';
import type { Place } from './verdict.js';
import { nodesAround } from './walk.js';

const PLACES: Readonly<Record<string, Place>> = {
  generic_token: 'word',
  command_name: 'word',
  comment: 'comment',
  expandable_string_literal: 'string',
  verbatim_string_characters: 'literal',
  expandable_here_string_literal: 'here-document',
  verbatim_here_string_characters: 'literal here-document',
  variable: 'name',
  simple_name: 'name',
  function_name: 'name',
  type_identifier: 'name',
  member_name: 'name',
};

/** What stands at each placeholder of a PowerShell text that was read with names in their places. */
export function powershellPlaces(
  tree: Tree,
  content: string,
  placeholders: readonly Placeholder[],
): Map<Placeholder, Place> {
  const around = nodesAround(tree, placeholders);
  return new Map(placeholders.map((one) => [one, placeOf(content, one, around.get(one) ?? [])]));
}

function placeOf(content: string, { start }: Placeholder, around: readonly Node[]): Place {
  const innermost = around.at(-1);
  if (!innermost) return 'unknown';
  if (innermost.type === 'comment') return 'comment';
  if (isEscaped(content, start)) return 'escaped';
  return around.some((node) => node.isError) ? 'unknown' : (PLACES[innermost.type] ?? 'unknown');
}

/**
 * Which placeholders are literals of their own when each is read as a text in single quotes, as its value
 * will be: where PowerShell takes an expression and no bare word, as in `$a -eq ${{ inputs.x }}`.
 */
export function powershellLiterals(
  tree: Tree,
  content: string,
  placeholders: readonly Placeholder[],
): Set<Placeholder> {
  const around = nodesAround(tree, placeholders);
  const isLiteral = (placeholder: Placeholder): boolean => {
    const { start, end } = placeholder;
    const nodes = around.get(placeholder) ?? [];
    const innermost = nodes.at(-1);
    const isWhole = innermost?.startIndex === start && innermost.endIndex === end;
    return (
      isWhole &&
      innermost.type === 'verbatim_string_characters' &&
      !isEscaped(content, start) &&
      !nodes.some((node) => node.isError)
    );
  };
  return new Set(placeholders.filter(isLiteral));
}

/** A backquote takes the meaning from a quote; `@'` begins a here-string, and `$'` is no variable. */
const isEscaped = (content: string, start: number): boolean => /[`@$]/.test(content[start - 1] ?? '');

const MUST_COME_FIRST = /\b(?:using|param|dynamicparam|begin|process|end)\b/i;

/**
 * Where assignments may stand in front of a text: behind `using` and `param`, which must come first; null for
 * one of `begin`, `process` and `end`, which takes nothing beside its blocks.
 */
export function powershellAssignAt(tree: Tree, content: string): number | null {
  // A text that could not be read whole: what must come first may be hidden in it.
  if (tree.rootNode.hasError && MUST_COME_FIRST.test(content)) return null;
  let at = 0;
  for (const child of tree.rootNode.children) {
    if (child?.type === 'param_block') at = child.endIndex;
    // The grammar has no rule for `using`: it and what follows are read as commands of these names.
    const statements = child?.type === 'statement_list' ? child.children : [child];
    for (const statement of statements) {
      const start = content.slice(statement?.startIndex, (statement?.startIndex ?? 0) + 32);
      if (/^(?:begin|process|end|clean|dynamicparam)\s*\{/i.test(start)) return null;
      if (statement && /^(?:using\s|param\s*\()/i.test(start)) at = Math.max(at, statement.endIndex);
    }
  }
  return at;
}
