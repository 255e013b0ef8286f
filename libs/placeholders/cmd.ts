import type { Placeholder } from '#protocol';
import type { Place } from './verdict.js';

const DELAYED = /^[^\n]*\b(?:setlocal\b[^\n]*\benabledelayedexpansion\b|cmd(?:\.exe)?\b[^\n]*\/v\b)/im;

/** Whether `!NAME!` is expanded in a text: then it would be in a value, too. */
export const hasDelayedExpansion = (content: string): boolean => DELAYED.test(content);

/**
 * What stands at each placeholder of a text for cmd, which has no grammar: quotes switch on and off along a
 * line, and `^` takes the meaning from a quote outside of them.
 */
export function cmdPlaces(content: string, placeholders: readonly Placeholder[]): Map<Placeholder, Place> {
  const places = new Map<Placeholder, Place>();
  const delayed = hasDelayedExpansion(content);
  for (const placeholder of placeholders) {
    const lineStart = content.lastIndexOf('\n', placeholder.start - 1) + 1;
    const before = content.slice(lineStart, placeholder.start);
    places.set(placeholder, delayed ? afterComment(before) : placeBehind(before, content, placeholder));
  }
  return places;
}

const isComment = (before: string): boolean => /^[\s@]*(?:rem(?![\w.-])|:)/i.test(before);
const afterComment = (before: string): Place => (isComment(before) ? 'comment' : 'delayed expansion');

function placeBehind(before: string, content: string, { end }: Placeholder): Place {
  if (isComment(before)) return 'comment';
  // Other placeholders of the line hold no quotes, and their values have them in pairs.
  let isQuoted = false;
  let isEscaped = false;
  for (const sign of before) {
    if (isEscaped) isEscaped = false;
    else if (sign === '"') isQuoted = !isQuoted;
    else if (sign === '^' && !isQuoted) isEscaped = true;
  }
  if (isQuoted) return 'string';
  if (isEscaped) return 'escaped';
  // A percent sign on either side would make a variable's name of what is between.
  return before.endsWith('%') || content[end] === '%' ? 'expansion' : 'word';
}

/** `%INFINIBAY_INPUT_NAME%`: cmd expands it before it reads the line, and the value becomes code. */
export function percentVariables(content: string): { name: string; start: number }[] {
  return [...content.matchAll(/%(INFINIBAY_INPUT_\w+)(?::[^%\n]*)?%/gi)].map((match) => ({
    name: match[1] ?? '',
    start: match.index,
  }));
}
