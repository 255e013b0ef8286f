/**
 * Text for `@NAME@`, already quoted for the script's language; whether a section is there; null for what is
 * not there.
 */
export type ScriptValues = Readonly<Record<string, string | boolean | null>>;

const PLACEHOLDER = /@([A-Z][A-Z0-9_]*)@/g;
/**
 * A comment of sh, PowerShell, GRUB (`#`), VBScript (`'`) or cmd (`rem`): a file with sections is still a
 * program for its linter.
 */
const SECTION_LINE = /^[ \t]*(?:#|'|rem) @(if|else|end)(?: ([A-Z][A-Z0-9_]*))?$/;

/**
 * Fills in a script file:
 * - `@NAME@` is the value as it is, without its last line break, so that a whole text can stand on a line of
 * its own;
 * - the lines between `# @if NAME` and `# @end` are there when the value is neither false nor null, those
 * after `# @else` otherwise.
 *
 * A value is put in once: what looks like a placeholder inside of it stays. Nothing is quoted here: the
 * caller does that by the language's function.
 * @throws Error for a name without a value, a value without a name in the file, and sections that are nested
 * or not closed
 */
export function renderScript(text: string, values: ScriptValues): string {
  const names = new Set<string>();
  const lines: string[] = [];
  let section: { shown: boolean } | null = null;
  for (const line of text.split('\n')) {
    const [, word, name] = SECTION_LINE.exec(line) ?? [];
    for (const [, placeholder = ''] of line.matchAll(PLACEHOLDER)) names.add(placeholder);
    if (word === undefined) {
      if (section?.shown ?? true) lines.push(line);
    } else if (word === 'if' && name !== undefined && !section) {
      names.add(name);
      const value = valueOf(values, name);
      section = { shown: value !== false && value !== null };
    } else if (word === 'else' && name === undefined && section) {
      section = { shown: !section.shown };
    } else if (word === 'end' && name === undefined && section) {
      section = null;
    } else {
      throw new Error(`a script's section has no place for "${line.trim()}"`);
    }
  }
  if (section) throw new Error('a script has a section without an end');
  const strange = Object.keys(values).find((name) => !names.has(name));
  if (strange !== undefined) throw new Error(`a script has no placeholder ${strange}`);
  return lines.join('\n').replace(PLACEHOLDER, (_whole, name: string) => {
    const value = valueOf(values, name);
    if (typeof value !== 'string') throw new Error(`a script's placeholder ${name} needs a text`);
    return value.replace(/\n$/, '');
  });
}

function valueOf(values: ScriptValues, name: string): string | boolean | null {
  const value = values[name];
  if (value === undefined) throw new Error(`a script's placeholder ${name} has no value`);
  return value;
}
