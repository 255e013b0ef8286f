import type { Readable, Writable } from 'node:stream';

/** Where the command reads from and writes to. */
export interface Terminal {
  stdin: Readable;
  stdout: Writable;
  stderr: Writable;
}

/** Text from elsewhere as a terminal may show it: no control character moves the cursor or hides a line. */
export function printable(text: string): string {
  return text.replace(/[\u0000-\u0008\u000B-\u001F\u007F-\u009F\u202A-\u202E\u2066-\u2069]/g, (character) => {
    const code = character.charCodeAt(0).toString(16).padStart(4, '0');
    return `\\u${code}`;
  });
}

/** Columns as wide as their widest cell; the last is not filled up. */
export function table(head: string[], rows: string[][]): string {
  const lines = [head, ...rows].map((row) => row.map((cell) => printable(cell).replaceAll('\n', ' ')));
  const widths = head.map((_title, column) => Math.max(...lines.map((row) => (row[column] ?? '').length)));
  return lines
    .map((row) =>
      row
        .map((cell, column) => (column === row.length - 1 ? cell : cell.padEnd(widths[column] ?? 0)))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}
