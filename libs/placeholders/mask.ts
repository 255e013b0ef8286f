import type { Placeholder } from '#protocol';

/** The text with each placeholder replaced by a name of its length, so that a grammar reads it as a word. */
export const asNames = (content: string, placeholders: readonly Placeholder[]): string =>
  masked(content, placeholders, (length) => `p${'x'.repeat(length - 1)}`);

/** The same with literals in single quotes, as PowerShell's values are written. */
export const asLiterals = (content: string, placeholders: readonly Placeholder[]): string =>
  masked(content, placeholders, (length) => `'${'x'.repeat(length - 2)}'`);

function masked(
  content: string,
  placeholders: readonly Placeholder[],
  mask: (length: number) => string,
): string {
  let text = '';
  let at = 0;
  for (const { start, end } of placeholders) {
    text += content.slice(at, start) + mask(end - start);
    at = end;
  }
  return text + content.slice(at);
}
