import { describe, expect, it } from '@jest/globals';
import type { Shell } from '#protocol';
import { judgePlaceholders } from './index.js';

/** `@@` is the placeholder of a text input, `##` that of a number. */
const textOf = (template: string): string =>
  template.replaceAll('@@', '${{ inputs.name }}').replaceAll('##', '${{inputs.n}}');

async function judged(shell: Shell, template: string): Promise<string> {
  const inputs = [
    { name: 'name', type: 'text' as const },
    { name: 'n', type: 'number' as const },
  ];
  const { faults, comments } = await judgePlaceholders({ shell, content: textOf(template), inputs });
  if (faults.length === 0) return comments.length > 0 ? 'comment' : 'right';
  return faults
    .map(({ message, remedy }) => `${message.replace(/the placeholder of \w+ /, '')} | ${remedy}`)
    .join('\n');
}

describe('a placeholder in sh and bash', () => {
  it.each([
    ...['echo @@', 'echo a@@b', '@@ arg', 'x=@@', '"$(echo @@)"', 'cat <<< @@', 'cat > @@', 'a=(@@ b)'],
    ...[
      'for a in @@; do :; done',
      'case @@ in @@) echo;; esac',
      'export A=@@',
      'echo "a"@@',
      "echo 'a'@@'b'",
    ],
    ...['cat <<EOF\n$(echo @@)\nEOF\n', 'echo $(( $(echo @@) ))', '[[ -n @@ && a == @@ ]]', '[ @@ -eq 1 ]'],
    ...['test @@ -gt 1', 'echo {@@,b}', 'coproc @@', 'echo "$(cmd "$(cmd @@)")"', 'f() { echo @@; }'],
    ...['if @@; then :; fi', 'diff <(echo @@) x', 'echo \\\\@@', 'printf %s @@', 'eval @@', 'sh -c @@'],
  ])('is right in %j', async (template) => {
    expect(await judged('BASH', template)).toBe('right');
  });

  it.each([
    ...['$((@@+1))', '((@@+1))', 'let @@', 'let n=@@', '[[ @@ -eq 1 ]]', '[[ 1 -lt 2 && 1 -eq @@ ]]'],
    ...[
      'declare -i n=@@',
      'typeset -ri n=@@',
      'declare -i n\nn=@@',
      'declare -i n; n+=@@',
      'a[@@]=1',
      '${a[@@]}',
    ],
    ...[
      'for ((i=@@;i<3;i++)); do :; done',
      '$((x ? @@ : 1))',
      'a=([@@]=1)',
      'echo "$((@@))"',
      'builtin let n=@@',
    ],
  ])('is for number inputs alone in %j', async (template) => {
    expect(await judged('BASH', template)).toContain('declare the input as a number');
    expect(await judged('BASH', template.replace('@@', '##'))).toBe('right');
  });

  it.each([
    ['echo "a @@"', 'within double quotes', 'write ${INFINIBAY_INPUT_NAME} there'],
    ['echo "${x:-@@}"', 'quotes', '${INFINIBAY_INPUT_NAME}'],
    ["echo 'a @@'", 'within single quotes', 'use double quotes, and ${INFINIBAY_INPUT_NAME} in them'],
    ["echo $'a @@'", 'within single quotes', 'use double quotes'],
    ['cat <<EOF\na @@\nEOF\n', 'in a here-document', 'write ${INFINIBAY_INPUT_NAME}'],
    ['cat <<-EOF\n\ta @@\n\tEOF\n', 'in a here-document', 'write ${INFINIBAY_INPUT_NAME}'],
    ["cat <<'EOF'\na @@\nEOF\n", 'expands nothing', 'write the delimiter without quotes'],
    ['cat <<\\EOF\na @@\nEOF\n', 'expands nothing', 'write the delimiter without quotes'],
    ['cat <<@@\nx\n@@\n', 'begins or ends', 'write the delimiter out'],
    ['cat <<EOF\n`echo @@`\nEOF\n', 'here-document', '${INFINIBAY_INPUT_NAME}'],
    ['echo `echo @@`', 'backquotes', '$(…)'],
    ['echo "`echo $(echo @@)`"', 'backquotes', '$(…)'],
    ['echo \\@@', 'takes the meaning', '"${INFINIBAY_INPUT_NAME}"'],
    ['echo $@@', 'takes the meaning', '"${INFINIBAY_INPUT_NAME}"'],
    ['echo ${x:-@@}', 'within ${', 'variable first'],
    ['@@=5', 'where a name is', 'write the name out'],
    ['@@() { :; }', 'where a name is', 'write the name out'],
    ['for @@ in a; do :; done', 'where a name is', 'write the name out'],
    ['export @@', 'where a name is', 'write the name out'],
    ['unset @@', 'where a name is', 'write the name out'],
    ['read @@', 'where a name is', 'write the name out'],
    ['printf -v @@ a', 'where a name is', 'write the name out'],
    ['declare -n r=@@', 'where a name is', 'write the name out'],
    ['[[ -v @@ ]]', 'where a name is', 'write the name out'],
    ['[ -v @@ ]', 'where a name is', 'write the name out'],
    ['test -v @@', 'where a name is', 'write the name out'],
    ['echo @@ ((', 'cannot be told', '"${INFINIBAY_INPUT_NAME}"'],
  ])('is refused in %j', async (template, message, remedy) => {
    for (const shell of ['BASH', 'SH'] as const) {
      const answer = await judged(shell, template);
      expect(answer).toContain(message);
      expect(answer).toContain(remedy);
    }
  });

  it('stays as it stands in a comment, and is told with line and column elsewhere', async () => {
    expect(await judged('BASH', '# @@\necho # @@')).toBe('comment');
    expect(await judged('BASH', 'echo\n  echo "é𝄞 @@" @@ "@@"')).toMatch(
      /^line 2, column 13: stands within[^]*\nline 2, column 53: stands within/,
    );
  });
});

describe('a placeholder in PowerShell', () => {
  it.each([
    ...[
      'Write-Host @@',
      '@@',
      '$a = @@',
      'if (@@ -eq 1) {}',
      'Write-Host "$(foo @@)"',
      'foo > @@',
      '& @@',
      'foo(@@)',
    ],
    ...[
      '$a -eq @@',
      '1 + ##',
      '[int]@@',
      '-not @@',
      '$h[@@]',
      'foo -Name:@@',
      'foo @@,@@',
      'return @@',
      'foo {@@}',
    ],
    ...[
      '$a = @{ k = @@ }',
      'foo C:\\a\\@@',
      'param($a = @@)',
      'foreach ($i in @@) {}',
      '$x.@@',
      'switch ($a) { @@ {} }',
    ],
  ])('is right in %j', async (template) => {
    expect(await judged('POWERSHELL', template)).toBe('right');
  });

  it.each([
    ['"a @@"', 'within double quotes', 'write $env:INFINIBAY_INPUT_NAME there'],
    ["'a @@'", 'within single quotes', 'use double quotes'],
    ['@"\na @@\n"@', 'here-string', 'write $env:INFINIBAY_INPUT_NAME there'],
    ["@'\na @@\n'@", 'here-string that expands nothing', 'use @"…"@'],
    ['foo `@@', 'takes the meaning', '$env:INFINIBAY_INPUT_NAME'],
    ['foo $@@', 'takes the meaning', '$env:INFINIBAY_INPUT_NAME'],
    ['foo @@@\n', 'takes the meaning', '$env:INFINIBAY_INPUT_NAME'],
    ['cmd --% @@', 'cannot be told', '$env:INFINIBAY_INPUT_NAME'],
    ['function @@ {}', 'where a name is', 'write the name out'],
    ['foo (( @@', 'cannot be told', '$env:INFINIBAY_INPUT_NAME'],
  ])('is refused in %j', async (template, message, remedy) => {
    const content = template === 'foo @@@\n' ? 'foo @${{ inputs.name }}\n' : template;
    const answer = await judged('POWERSHELL', content);
    expect(answer).toContain(message);
    expect(answer).toContain(remedy);
  });

  it('stays as it stands in a comment', async () => {
    expect(await judged('POWERSHELL', '# @@\n<# @@ #>\nfoo # @@')).toBe('comment');
  });

  it.each<[string, number | null]>([
    ['Write-Host', 0],
    ['param($a)\nfoo', 9],
    ['# x\n[CmdletBinding()]\nparam($a, $b = 1)\nfoo', 39],
    ['using namespace System.IO\nfoo', 25],
    ['using namespace A\nusing namespace B\nparam($a)\nfoo', 45],
    ['begin { foo } process { bar }', null],
    ['param($a)\nend { foo }', null],
  ])('has assignments in front of %j at its place', async (content, at) => {
    const { assignAt } = await judgePlaceholders({ shell: 'POWERSHELL', content, inputs: [] });
    expect(assignAt).toBe(at);
  });
});

describe('a placeholder in cmd', () => {
  it.each([
    'echo @@',
    'set A=@@',
    'if @@==x echo',
    'echo "a" @@',
    'echo ^"@@',
    'for %%i in (@@) do echo %%i',
  ])('is right in %j', async (template) => {
    expect(await judged('CMD', template)).toBe('right');
  });

  it.each([
    ['echo "a @@"', 'within quotes'],
    ['set "A=@@"', 'within quotes'],
    ['echo ^@@', 'takes the meaning'],
    ['echo %@@%', 'within %'],
    ['setlocal EnableDelayedExpansion\necho @@', 'delayed expansion'],
    ['cmd /v:on /c echo @@', 'delayed expansion'],
    ['echo %INFINIBAY_INPUT_NAME%', 'becomes code'],
    ['echo %infinibay_input_name:~0,3%', 'becomes code'],
  ])('is refused in %j', async (template, message) => {
    const answer = await judged('CMD', template);
    expect(answer).toContain(message);
    expect(answer.toUpperCase()).toContain('!INFINIBAY_INPUT_NAME!');
  });

  it('stays as it stands in a comment', async () => {
    expect(await judged('CMD', 'rem @@ "\n@rem @@\n:: @@\n:label @@')).toBe('comment');
    expect(await judged('CMD', 'remove @@')).toBe('right');
  });
});

describe('the judge', () => {
  it('has an end, whatever it reads', async () => {
    const texts = [
      `${'$('.repeat(20_000)}@@${')'.repeat(20_000)}`,
      'echo @@\n'.repeat(5_000),
      `declare ${'a=@@ '.repeat(3_000)}`,
      `cat <<EOF\n${'@@ $(a) '.repeat(2_000)}\nEOF\n`,
    ];
    for (const shell of ['BASH', 'POWERSHELL', 'CMD'] as const)
      for (const content of texts) expect(await judged(shell, content)).toEqual(expect.any(String));
    expect(await judged('BASH', 'echo @@')).toBe('right');
  }, 300_000);

  it('says a line only where the first line is one', async () => {
    const at = async (content: string) =>
      (await judgePlaceholders({ shell: 'BASH', content, inputs: [] })).assignAt;
    expect([await at('#!/bin/sh\necho'), await at('#!/bin/sh'), await at('echo')]).toEqual([10, 9, 0]);
  });
});
