import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { readScript, renderScript } from './index.js';

const folder = mkdtempSync(join(tmpdir(), 'infinibay-script-files-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe('a script that is read', () => {
  const read = (text: string): string => {
    writeFileSync(join(folder, 'a.sh'), text);
    return readScript(folder, 'a.sh');
  };

  it.each(['#', "'", 'rem'])('is what stands below its line "%s @begin"', (comment) => {
    expect(read(`#!/bin/sh\nx=1\n${comment} @begin\necho $x\n`)).toBe('echo $x\n');
  });

  it('is the whole file when there is no such line', () => {
    expect(read("echo '# @begin'\n")).toBe("echo '# @begin'\n");
  });

  it('is no file with a byte order mark or carriage returns, and none that is missing', () => {
    expect(() => read('\uFEFFecho\n')).toThrow('a.sh: a script has neither');
    expect(() => read('echo\r\n')).toThrow('a.sh: a script has neither');
    expect(() => readScript(folder, 'b.sh')).toThrow('ENOENT');
  });
});

describe('a script that is filled in', () => {
  it('has each value in its place as it is, and a text of several lines on a line of its own', () => {
    expect(renderScript('a=@A@\n  @TEXT@\nb=@A@ @B_2@\n', { A: "'$&'", TEXT: 'one\ntwo\n', B_2: '' })).toBe(
      "a='$&'\n  one\ntwo\nb='$&' \n",
    );
  });

  it('has values that look like placeholders or sections as they are', () => {
    fc.assert(
      fc.property(fc.constantFrom('@A@', '@B@', '# @if B', '# @end', '$1', 'x'), (value) => {
        expect(renderScript('<@A@>', { A: value })).toBe(`<${value}>`);
      }),
    );
  });

  it('has the sections that are wanted', () => {
    const text = "1\n# @if A\n2\n# @else\n3\n# @end\n4\n  rem @if B\n@B@\n  rem @end\n' @if C\n6\n' @end\n";
    expect(renderScript(text, { A: true, B: '5', C: '' })).toBe('1\n2\n4\n5\n6\n');
    expect(renderScript(text, { A: false, B: null, C: null })).toBe('1\n3\n4\n');
  });

  it.each<[string, string, Record<string, string | boolean | null>, string]>([
    ['a name without a value', 'echo @A@', {}, 'A has no value'],
    ['a section without a value', '# @if A\n# @end', {}, 'A has no value'],
    ['a value that no placeholder has', 'echo @A@', { A: '', B: '' }, 'no placeholder B'],
    ['a value that is no text', 'echo @A@', { A: true }, 'A needs a text'],
    ['nothing where a text is wanted', 'echo @A@', { A: null }, 'A needs a text'],
    ['a section in a section', '# @if A\n# @if A\n', { A: true }, 'no place for "# @if A"'],
    ['a section that is not closed', '# @if A\n', { A: true }, 'without an end'],
    ['an end of nothing', '# @end\n', {}, 'no place for "# @end"'],
    ['another way of nothing', '# @else\n', {}, 'no place for "# @else"'],
    ['a section without a name', '# @if\n# @end\n', {}, 'no place for "# @if"'],
  ])('is refused with %s', (_what, text, values, message) => {
    expect(() => renderScript(text, values)).toThrow(message);
  });

  it('may leave out what a section that is not there names', () => {
    expect(renderScript('# @if A\n@A@ @B@\n# @end\n', { A: null, B: 'x' })).toBe('');
  });
});
