import type { Node, Tree } from 'web-tree-sitter';
import type { Placeholder } from '#protocol';
import type { Place } from './verdict.js';
import { nodesAround } from './walk.js';

/** Builtins whose words are names of variables: bash evaluates the subscript of one. */
const TAKES_NAMES = new Set(['read', 'mapfile', 'readarray', 'getopts', 'unset', 'wait']);
const NUMBER_OPERATORS = new Set(['-eq', '-ne', '-lt', '-le', '-gt', '-ge']);

/** What stands at each placeholder of a text for bash or sh that was read with names in their places. */
export function posixPlaces(
  tree: Tree,
  content: string,
  placeholders: readonly Placeholder[],
): Map<Placeholder, Place> {
  const reader = new PosixReader(tree, content);
  const around = nodesAround(tree, placeholders);
  return new Map(placeholders.map((one) => [one, reader.placeOf(one, around.get(one) ?? [])]));
}

class PosixReader {
  /** What some `declare -i` makes: assignments to it evaluate what they are given. */
  private readonly integers: ReadonlySet<string>;
  /** Of commands and declarations, by node: a line may hold thousands of placeholders. */
  private readonly programs = new Map<number, string>();
  private readonly flags = new Map<number, string>();

  constructor(
    tree: Tree,
    private readonly content: string,
  ) {
    const declarations = /\b(?:declare|typeset|local|export|readonly)\b/.test(content)
      ? tree.rootNode.descendantsOfType('declaration_command')
      : [];
    this.integers = new Set(
      declarations
        .filter((command) => command !== null)
        .filter((command) => this.flagsOf(command).includes('i'))
        .flatMap((command) => command.descendantsOfType('variable_name').map((name) => name?.text ?? '')),
    );
  }

  placeOf({ start }: Placeholder, around: readonly Node[]): Place {
    const innermost = around.at(-1);
    if (!innermost) return 'unknown';
    if (innermost.type === 'comment') return 'comment';
    if (isEscaped(this.content, start)) return 'escaped';
    switch (innermost.type) {
      case 'word':
      case 'variable_name':
      case 'number':
        return this.placeOfWord(around);
      case 'string':
      case 'string_content':
        return 'string';
      case 'raw_string':
      case 'ansi_c_string':
        return 'literal';
      case 'heredoc_body':
      case 'heredoc_content':
        return this.hereDocument(around);
      case 'heredoc_start':
      case 'heredoc_end':
        return 'delimiter';
      default:
        return 'unknown';
    }
  }

  /** Outwards, as far as what is around it changes what its quotes mean. */
  private placeOfWord(around: readonly Node[]): Place {
    const isBackquoted = (node: Node): boolean =>
      node.type === 'command_substitution' && this.content[node.startIndex] === '`';
    if (around.some((node) => node.isError)) return 'unknown';
    if (around.some(isBackquoted)) return 'backquotes';
    let place: Place = around.at(-1)?.type === 'variable_name' ? 'name' : 'word';
    for (let index = around.length - 2; index >= 0; index -= 1) {
      const type = around[index]?.type;
      if (type === 'command_substitution' || type === 'process_substitution') break;
      place = this.placeBelow(around, index) ?? place;
      if (place === 'arithmetic') break;
    }
    return place;
  }

  /** What a node makes of what is below it; null: nothing. */
  private placeBelow(around: readonly Node[], index: number): Place | null {
    const at = around[index];
    const inner = around[index + 1];
    if (!at || !inner) return null;
    switch (at.type) {
      case 'arithmetic_expansion':
      case 'c_style_for_statement':
      case 'subscript':
        return 'arithmetic';
      case 'compound_statement':
        return at.child(0)?.type === '((' ? 'arithmetic' : null;
      case 'test_command':
        return at.child(0)?.type === '((' ? 'arithmetic' : null;
      case 'binary_expression':
        return isNumberTest(at, around) ? 'arithmetic' : null;
      case 'unary_expression':
        return /^-[vR]$/.test(at.child(0)?.text ?? '') ? 'name' : null;
      case 'variable_assignment':
        return this.integers.has(at.childForFieldName('name')?.text ?? '') ? 'arithmetic' : null;
      case 'declaration_command': {
        if (inner.type !== 'variable_assignment') return null;
        const flags = this.flagsOf(at);
        return flags.includes('n') ? 'name' : flags.includes('i') ? 'arithmetic' : null;
      }
      case 'array':
        return inner.type === 'concatenation' && this.content[inner.startIndex] === '[' ? 'arithmetic' : null;
      case 'string':
      case 'translated_string':
        return 'string';
      case 'expansion':
        return 'expansion';
      case 'heredoc_body':
        return 'here-document';
      case 'function_definition':
        return inner.id === around.at(-1)?.id ? 'name' : null;
      case 'command':
        return this.placeInCommand(at, inner);
      default:
        return null;
    }
  }

  private placeInCommand(command: Node, inner: Node): Place | null {
    if (inner.type === 'command_name') return null;
    const program = this.programOf(command);
    if (program === 'let') return 'arithmetic';
    if (TAKES_NAMES.has(program)) return 'name';
    if (program !== 'printf' && program !== 'test') return null;
    const before = inner.previousSibling?.text ?? '';
    return (program === 'printf' ? /^-v$/ : /^-[vR]$/).test(before) ? 'name' : null;
  }

  /** What a command runs: `builtin let` and `command let` are let. */
  private programOf(command: Node): string {
    const known = this.programs.get(command.id);
    if (known !== undefined) return known;
    let program = '';
    for (let at = 0; at < Math.min(command.childCount, 4); at += 1) {
      const child = command.child(at);
      if (!child || child.type === 'variable_assignment') continue;
      program = child.text.slice(0, 32);
      if (program !== 'builtin' && program !== 'command') break;
    }
    this.programs.set(command.id, program);
    return program;
  }

  /**
   * The letters of the options of `declare` and its like: `-i` evaluates what is assigned, `-n` takes it for
   * a variable's name.
   */
  private flagsOf(command: Node): string {
    const known = this.flags.get(command.id);
    if (known !== undefined) return known;
    const options = command.children.flatMap((child) =>
      child?.type === 'word' && /^-\w{1,16}$/.test(child.text) ? [child.text] : [],
    );
    this.flags.set(command.id, options.join(''));
    return options.join('');
  }

  private hereDocument(around: readonly Node[]): Place {
    const redirect = around.findLast(({ type }) => type === 'heredoc_redirect');
    const start = redirect?.children.find((child) => child?.type === 'heredoc_start')?.text ?? '';
    return /['"\\]/.test(start) ? 'literal here-document' : 'here-document';
  }
}

/** `\'` is a quote that begins nothing, and `$'…'` a string in which `\'` ends nothing. */
function isEscaped(content: string, start: number): boolean {
  let slashes = 0;
  while (content[start - 1 - slashes] === '\\') slashes += 1;
  return slashes % 2 === 1 || content[start - 1] === '$';
}

/** `[[ a -lt b ]]` evaluates both; `[ a -lt b ]` takes numbers only. */
function isNumberTest(expression: Node, around: readonly Node[]): boolean {
  const compares = expression.children.some(
    (child) => child?.childCount === 0 && NUMBER_OPERATORS.has(child.text),
  );
  const test = around.findLast(({ type }) => type === 'test_command');
  return compares && test?.child(0)?.type !== '[';
}
