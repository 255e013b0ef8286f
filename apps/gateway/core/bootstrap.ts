import { createHash } from 'node:crypto';
import type { Shell } from '#protocol';
import { readScript, renderScript } from '#script-files';

/** Windows PowerShell takes a file without this mark for one in the system's code page. */
const BYTE_ORDER_MARK = '\uFEFF';

/** A script's text as a file of its shell holds it. */
export function fileContent(shell: Shell, content: string): string {
  switch (shell) {
    case 'POWERSHELL':
      return `${BYTE_ORDER_MARK}${content}`;
    case 'CMD':
      return `@chcp 65001>nul\r\n${content.replaceAll(/\r?\n/g, '\r\n')}\r\n`;
    case 'BASH':
    case 'SH':
      return content;
    default:
      return shell satisfies never;
  }
}

const POWERSHELL = readScript(import.meta.dirname, 'scripts/bootstrap.ps1');
const CMD = readScript(import.meta.dirname, 'scripts/bootstrap.cmd');

/**
 * A short script for Windows that fetches a longer one and runs it, see `scripts/bootstrap.ps1`.
 * @param url plain, as `http://host:port/infiniservice/run/<64 hexadecimal digits>`
 * @param content what the URL gives, as `fileContent` made it
 */
export function bootstrapScript(shell: 'POWERSHELL' | 'CMD', url: string, content: string): string {
  const statements = renderScript(POWERSHELL, {
    POWERSHELL: shell === 'POWERSHELL',
    SHA256: createHash('sha256').update(content).digest('hex'),
    URL: url,
  }).trimEnd();
  if (shell === 'POWERSHELL') return statements;
  return renderScript(CMD, { STATEMENTS: statements.replaceAll('\n', '; ') }).replaceAll('\n', '\r\n');
}
