import { RE2JS } from 're2js';

/** What no linear engine can express, by what it begins with outside a character class. */
const CONSTRUCTS: readonly [RegExp, string][] = [
  [/^\(\?<?[=!]/, 'look-around'],
  [/^\\[1-9]/, 'a back reference'],
  [/^\\k</, 'a back reference'],
];

/**
 * Whether a pattern can be matched in a time that is linear in the text: patterns are an operator's, values
 * come from anybody, and a backtracking engine stands still for minutes at `([a-z]+)+`.
 * @param pattern an ECMAScript regular expression, as `u` reads it
 * @returns what has to be written otherwise, by the construct's name; null when there is nothing
 */
export function patternFault(pattern: string): { message: string; remedy: string } | null {
  const construct = unlinear(pattern);
  if (construct)
    return {
      message: `uses ${construct.name} (${construct.text}), which cannot be matched in linear time`,
      remedy: 'write it without, or let the script check the value itself',
    };
  try {
    compile(pattern);
    return null;
  } catch (error) {
    return {
      message: `cannot be matched in linear time: ${error instanceof Error ? error.message : String(error)}`,
      remedy: 'write it in the syntax of RE2 (https://github.com/google/re2/wiki/Syntax)',
    };
  }
}

/**
 * Whether the whole of a text matches, in a time that is linear in its length.
 * @returns null for a pattern that `patternFault` refuses
 */
export function matchesWhole(pattern: string, text: string): boolean | null {
  return patternFault(pattern) ? null : compile(pattern).matches(text);
}

const compile = (pattern: string): RE2JS => RE2JS.compile(RE2JS.translateRegExp(pattern));

function unlinear(pattern: string): { name: string; text: string } | null {
  let isClass = false;
  for (let at = 0; at < pattern.length; at += 1) {
    const rest = pattern.slice(at, at + 8);
    for (const [form, name] of isClass ? [] : CONSTRUCTS) {
      const text = form.exec(rest)?.[0];
      if (text !== undefined) return { name, text };
    }
    if (rest.startsWith('\\')) at += 1;
    else if (rest.startsWith('[')) isClass = true;
    else if (rest.startsWith(']')) isClass = false;
  }
  return null;
}
