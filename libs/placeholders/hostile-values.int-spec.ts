import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type Shell, substituteInputs } from '#protocol';
import { judgePlaceholders } from './index.js';
import { describeInPowerShell, pwsh, runPowerShell } from '../../test/support/pwsh/pwsh.js';

let folder: string;
beforeAll(() => void (folder = mkdtempSync(join(tmpdir(), 'infinibay-values-'))));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Each makes the file `canary` as soon as some shell takes it for more than a text. */
const HOSTILE = [
  ...['$(touch canary)', '`touch canary`', "'; touch canary; '", '"; touch canary; "', "\\'; touch canary #"],
  ...[
    'a[$(touch canary)]',
    'a[$(touch canary)]=1',
    '\ntouch canary\n',
    'EOF\ntouch canary\nEOF',
    '${x:=$(touch canary)}',
  ],
  ...[
    "'\\''; touch canary; '\\''",
    '$((a[$(touch canary)]))',
    '\\`touch canary\\`',
    ') touch canary (',
    "'$(touch canary)",
  ],
  ...['; touch canary', '| touch canary', '& touch canary &', '<(touch canary)', '\\', '-n', '*', '~', 'x y'],
];

/** Where a placeholder (`@@`) is right, and uses of its variable (`$V`) where it is not. */
const POSIX_PLACES = [
  ...[
    'printf "%s" @@',
    'printf "%s" "a"@@',
    "printf '%s' a@@b",
    'x=@@\nprintf %s "$x"',
    'printf "%s" "$(printf %s @@)"',
  ],
  ...[
    'case @@ in @@) echo same;; esac',
    'for a in @@; do printf %s "$a"; done',
    'export A=@@\nprintf %s "$A"',
  ],
  ...[
    'cat <<EOF\n$(printf %s @@)\nEOF',
    '[ @@ = x ]',
    'f() { printf %s @@; }\nf',
    'test @@ -gt 1',
    '# @@\necho',
  ],
  ...[
    'echo x > /dev/null 2>@@.out',
    'set -- @@\nprintf %s "$1"',
    'if [ -n @@ ]; then printf %s @@; fi',
    'echo \\\\@@',
  ],
  ...[
    'printf %s "a $V"',
    'cat <<EOF\na $V\nEOF',
    'printf %s "${V}x"',
    'echo "$(printf %s "$V")"',
    'printf %s "${x:-$V}"',
  ],
];
const BASH_PLACES = [
  ...[
    'cat <<< @@',
    'a=(@@ b)\nprintf %s "${a[0]}"',
    '[[ @@ == x* ]]',
    'diff <(printf %s @@) /dev/null',
    '[[ a == @@ ]]',
  ],
  ...['printf %s {@@,b}', 'declare a=@@\nprintf %s "$a"', 'local_() { local a=@@; printf %s "$a"; }\nlocal_'],
];

async function isRight(shell: Shell, content: string): Promise<boolean> {
  const { faults } = await judgePlaceholders({ shell, content, inputs: [{ name: 'v', type: 'text' }] });
  return faults.length === 0;
}

const textOf = (template: string): string =>
  template
    .replaceAll('@@', '${{ inputs.v }}')
    .replaceAll('$V', '$INFINIBAY_INPUT_V')
    .replaceAll('${V}', '${INFINIBAY_INPUT_V}');

/** Runs each file, and says after which one the canary was there. */
const DRIVER = `i=0
while [ -e "t$i" ]; do
  "$@" "./t$i" </dev/null >/dev/null 2>&1
  if [ -e canary ]; then echo "$i"; rm -f canary; fi
  i=$((i+1))
done`;

/** @returns the templates in which a value ran, with the value */
async function escapesIn(shell: 'SH' | 'BASH', program: string[], templates: string[]): Promise<string[]> {
  const cwd = mkdtempSync(join(folder, 'run-'));
  const ran: string[] = [];
  for (const template of templates) {
    const content = textOf(template);
    const { comments, assignAt } = await judgePlaceholders({ shell, content, inputs: [] });
    for (const v of HOSTILE) {
      const judged = { native: true, comments, assignAt };
      // For an agent that passes no environment; with one the variable's value is the same.
      writeFileSync(
        join(cwd, `t${ran.length}`),
        substituteInputs(shell, content, { v }, judged, { assign: true }),
      );
      ran.push(`${template} with ${JSON.stringify(v)}`);
    }
  }
  const { stdout } = spawnSync('sh', ['-c', DRIVER, 'sh', ...program], {
    cwd,
    env: { PATH: process.env['PATH'] },
    encoding: 'utf8',
  });
  return stdout
    .split('\n')
    .filter(Boolean)
    .map((index) => ran[Number(index)] ?? '');
}

describe('a hostile value', () => {
  it.each<['SH' | 'BASH', string[], string[]]>([
    ['BASH', ['bash'], [...POSIX_PLACES, ...BASH_PLACES]],
    ['SH', ['dash'], POSIX_PLACES],
    ['SH', ['busybox', 'sh'], POSIX_PLACES],
  ])(
    'is a text in every place that is right: %s by %j',
    async (shell, program, templates) => {
      for (const template of templates)
        expect([template, await isRight(shell, textOf(template))]).toEqual([template, true]);
      expect(await escapesIn(shell, program, templates)).toEqual([]);
    },
    300_000,
  );

  it('runs where the judge refuses it: the test sees what it is to see', async () => {
    const wrong = [
      'echo "a @@"',
      "echo 'a @@'",
      'cat <<EOF\na @@\nEOF',
      'echo `echo @@`',
      'echo \\@@',
      'echo $@@',
      '[[ -v @@ ]]',
      'declare -i n=@@',
      '[[ @@ -eq 1 ]]',
      'declare -n r=@@\necho "$r"',
      'echo $((@@))',
      'let @@',
      'echo "${x:-@@}"',
      'printf -v @@ a',
      'read @@ < /dev/null',
      'unset @@',
    ];
    for (const template of wrong)
      expect([template, await isRight('BASH', textOf(template))]).toEqual([template, false]);
    const escaped = await escapesIn('BASH', ['bash'], wrong);
    const ran = wrong.filter((template) => escaped.some((text) => text.startsWith(`${template} with`)));
    // Refused for what other values may do there.
    expect(wrong.filter((template) => !ran.includes(template))).toEqual(['echo `echo @@`', 'unset @@']);
  }, 300_000);
});

describeInPowerShell('a hostile value in PowerShell', () => {
  const values = [
    ...[
      "'; New-Item canary; '",
      '"; New-Item canary; "',
      '$(New-Item canary)',
      '`"; New-Item canary #',
      "'@\nNew-Item canary\n",
    ],
    ...[
      '\u2019; New-Item canary; \u2018',
      '\u201A; New-Item canary',
      '{New-Item canary}',
      '; New-Item canary',
      '| New-Item canary',
    ],
    ...['\nNew-Item canary\n', '--%', '@(New-Item canary)', '`', '"', "'", '$env:PATH', '-Name'],
  ];
  const templates = [
    ...[
      'Write-Output @@',
      '$a = @@; Write-Output $a',
      'if (@@ -eq 1) { 1 }',
      'Write-Output "x $(Write-Output @@)"',
    ],
    ...[
      '$a = @{ k = @@ }',
      'switch ("x") { @@ { 1 } }',
      '("x" -eq @@)',
      'Write-Output @@,@@',
      'Write-Output C:\\a\\@@',
    ],
    ...[
      'Write-Output a@@b',
      'Write-Output -InputObject:@@',
      '# @@',
      '<# @@ #> Write-Output 1',
      'param($a = @@) Write-Output $a',
    ],
    ...[
      'Write-Output "a $env:V b"',
      'Write-Output @"\na $env:V\n"@',
      '$a = $env:V; Write-Output $a',
      'foreach ($i in @@) { $i }',
    ],
  ];

  it('is a text in every place that is right', async () => {
    const files: string[] = [];
    for (const template of templates) {
      const content = template
        .replaceAll('@@', '${{ inputs.v }}')
        .replaceAll('$env:V', '$env:INFINIBAY_INPUT_V');
      expect([template, await isRight('POWERSHELL', content)]).toEqual([template, true]);
      const { comments, assignAt } = await judgePlaceholders({ shell: 'POWERSHELL', content, inputs: [] });
      for (const v of values) {
        const file = join(folder, `t${files.length}.ps1`);
        const judged = { native: true, comments, assignAt };
        writeFileSync(file, substituteInputs('POWERSHELL', content, { v }, judged, { assign: true }));
        files.push(`${template} with ${v}`);
      }
    }
    const run = `Set-Location '${folder}'; for ($i = 0; $i -lt ${files.length}; $i++) {
        try { & "./t$i.ps1" *> $null } catch { }
        if (Test-Path canary) { Remove-Item canary; Write-Output "ESCAPED $i" } }; Write-Output DONE`;
    const { output } = await runPowerShell(run);
    expect(output).toContain('DONE');
    const escaped = [...output.matchAll(/ESCAPED (\d+)/g)].map(([, index]) => files[Number(index)]);
    expect(escaped).toEqual([]);
    expect(pwsh).not.toBeNull();
  }, 300_000);

  it('is a boolean of its own, which a text would not be', async () => {
    const judged = { native: true, comments: [], assignAt: 0 };
    const text = 'if (${{ inputs.on }}) { "yes" } else { "no" }; ${{ inputs.n }} + 1';
    const { output } = await runPowerShell(substituteInputs('POWERSHELL', text, { on: false, n: 4 }, judged));
    expect(output.split(/\r?\n/).slice(0, 2)).toEqual(['no', '5']);
  }, 60_000);
});
