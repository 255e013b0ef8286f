import { createHash } from 'node:crypto';
import type { Shell } from '#protocol';

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

/**
 * A short script for Windows that fetches a longer one and runs it, if it is the one whose hash stands here: what came over plain HTTP is believed
 * because this text came signed. The file has a random name and is written from the bytes that were hashed.
 * @param url plain, as `http://host:port/infiniservice/run/<64 hexadecimal digits>`
 * @param content what the URL gives, as `fileContent` made it
 */
export function bootstrapScript(shell: 'POWERSHELL' | 'CMD', url: string, content: string): string {
  const sha256 = createHash('sha256').update(content).digest('hex');
  const [extension, run] =
    shell === 'POWERSHELL'
      ? ['.ps1', 'powershell.exe -NoProfile -NonInteractive -ExecutionPolicy Bypass -File $file']
      : ['.cmd', 'cmd.exe /d /c $file'];
  const statements = [
    `$ErrorActionPreference = 'Stop'`,
    `$bytes = (New-Object Net.WebClient).DownloadData('${url}')`,
    `$hash = [BitConverter]::ToString([Security.Cryptography.SHA256]::Create().ComputeHash($bytes)).Replace('-', '')`,
    `if ($hash -ne '${sha256}') { [Console]::Error.WriteLine('the fetched script is not the one that was meant'); exit 97 }`,
    `$file = Join-Path ([IO.Path]::GetTempPath()) ([Guid]::NewGuid().ToString() + '${extension}')`,
    `try { [IO.File]::WriteAllBytes($file, $bytes); & ${run}; $code = $LASTEXITCODE } finally { Remove-Item -Force -ErrorAction SilentlyContinue $file }`,
    'exit $code',
  ];
  if (shell === 'POWERSHELL') return statements.join('\n');
  const line = statements.join('; ');
  return `@powershell.exe -NoProfile -NonInteractive -ExecutionPolicy Bypass -Command "${line}"\r\n@exit /b %ERRORLEVEL%\r\n`;
}
