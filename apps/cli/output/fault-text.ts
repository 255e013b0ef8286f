import type { Fault } from '#protocol';
import type { ConsoleRefusal } from '../console/console-client.js';
import { printable } from './terminal.js';

/** More than anybody mends at once; a file may have a fault in each of a million lines. */
const SHOWN = 50;

/**
 * Of each fault line and path, the value, what is wrong, and below it the way out; of those after the
 * fiftieth how many there are.
 */
export function faultList(faults: Fault[]): string {
  const more = faults.length - SHOWN;
  return faults
    .slice(0, SHOWN)
    .map(({ path, value, message, remedy, line }) => {
      const place =
        [line === undefined ? '' : `line ${line}`, path === '' ? '' : path].filter(Boolean).join(', ') ||
        'the file';
      return printable(
        `  ${place}${value === undefined ? '' : ` = ${value}`}\n    ${message}\n    → ${remedy}`,
      );
    })
    .concat(more > 0 ? [`  … and ${more} more: mend these, or see all with --json`] : [])
    .join('\n');
}

export const countOf = (number: number, what: string): string =>
  `${number} ${what}${number === 1 ? '' : 's'}`;

/** What the console said, in its own words: code, message, every issue with its path and way out. */
export function refusalText({ status, body }: ConsoleRefusal): string {
  const issues = (body.issues ?? []).map(
    ({ path, message, remedy }) => `  ${path || 'body'}\n    ${message}${remedy ? `\n    → ${remedy}` : ''}`,
  );
  const id = body.correlationId
    ? `\n(HTTP ${status}; the console's log has more under ${body.correlationId})`
    : `\n(HTTP ${status})`;
  // Where there are issues each has a way out of its own; a message may end with the one of the whole.
  const remedy =
    issues.length === 0 && body.remedy && !body.message.endsWith(body.remedy) ? `\n  → ${body.remedy}` : '';
  const list = issues.length > 0 ? `\n${issues.join('\n')}` : '';
  return printable(`${body.code}: ${body.message}${list}${remedy}${id}`);
}
