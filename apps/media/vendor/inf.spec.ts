import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { InfError, parseInf } from './inf.js';

const inf = (text: string, platform: 'amd64' | 'arm64' = 'amd64'): ReturnType<typeof parseInf> =>
  parseInf(Buffer.from(text.replaceAll('\n', '\r\n')), platform);
const HEAD = '[Version]\nSignature="$WINDOWS NT$"\n';

describe('an INF', () => {
  it('names its catalog and files, with folders, comments, quotes and strings', () => {
    const text = `; [Version]
${HEAD}CatalogFile = a.cat ; b.cat
[SourceDisksNames]
1 = "disk; one",,,
2 = %Disk%,,,\\sub
[SourceDisksFiles]
one.sys = 1
"two;2.dll" = 2,deep ; three.dll = 1
%Name%.exe = 1,,
[Strings]
Disk = "The ""disk"""
Name = four
`;
    expect(inf(text)).toEqual({ catalog: 'a.cat', files: ['one.sys', 'sub/deep/two;2.dll', 'four.exe'] });
  });

  it('has sections and catalogs of one platform', () => {
    const text = `${HEAD}CatalogFile=all.cat\nCatalogFile.NTamd64=amd.cat\n[SourceDisksFiles]\na.sys=1\n[SourceDisksFiles.amd64]\nb.sys=1\n[SOURCEDISKSFILES.ARM64]\nc.sys=1\n`;
    expect(inf(text)).toEqual({ catalog: 'amd.cat', files: ['b.sys', 'a.sys'] });
    expect(inf(text, 'arm64')).toEqual({ catalog: 'all.cat', files: ['c.sys', 'a.sys'] });
  });

  it('may be UTF-16, UTF-8 with a mark, or go on after a backslash', () => {
    const text = `${HEAD}CatalogFile=\\\nx.cat\n`;
    const wanted = { catalog: 'x.cat', files: [] };
    expect(inf(text)).toEqual(wanted);
    expect(inf(`\uFEFF${text}`)).toEqual(wanted);
    expect(parseInf(Buffer.from(`\uFEFF${text}`, 'utf16le'), 'amd64')).toEqual(wanted);
  });

  it('without a signature is none', () => {
    for (const text of ['', 'hello', '[Version]\nClass=Net\n', '<html>', '[Strings]\nSignature=1\n'])
      expect(() => inf(text)).toThrow(InfError);
  });

  it('of any bytes is read or refused, never more', () => {
    const readOrRefuse = (bytes: Uint8Array): void => {
      try {
        parseInf(bytes, 'amd64');
      } catch (error) {
        expect(error).toBeInstanceOf(InfError);
      }
    };
    fc.assert(fc.property(fc.uint8Array({ maxLength: 400 }), readOrRefuse));
    // A file of 64 KB of one character ends at once.
    for (const character of ['[', '"', '%', ',', ';', '\\', '='])
      readOrRefuse(Buffer.from(`${HEAD}CatalogFile=a.cat\n[SourceDisksFiles]\n${character.repeat(65_536)}`));
  });

  it('is refused before it costs time or memory', () => {
    const files = (lines: string): string => `${HEAD}[SourceDisksFiles]\n${lines}`;
    const refused = (text: string, reason: string): void => {
      const began = Date.now();
      expect(() => inf(text)).toThrow(reason);
      expect(Date.now() - began).toBeLessThan(2000);
    };
    refused(files(`a${'/'.repeat(100_000)}b=1`), 'a path of more than 260 characters');
    refused(files('a.sys=1\n'.repeat(1001)), 'more than 1000 files');
    refused(`${files('%a%=1')}\n[Strings]\na="${'x'.repeat(5000)}"`, 'a string of more than 4096 characters');
    refused(
      `${files(`${'%a%'.repeat(80)}=1`)}\n[Strings]\na="${'x'.repeat(4000)}"`,
      'a path of more than 260',
    );
    expect(inf(files('a.sys=1\n'.repeat(1000))).files).toEqual(['a.sys']);
  });
});
