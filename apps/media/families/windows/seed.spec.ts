import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { validateAnswerFile } from '#answers';
import { MediaRequest, timeZones } from '#protocol';
import { FULL_REQUEST } from '../../../../test/support/media/media.js';
import {
  FULL_WINDOWS,
  WINDOWS_INSTALL,
  WINDOWS_PASSWORDS,
  windowsFiles,
  windowsRequest,
} from '../../../../test/support/windows/windows.js';
import { findAll, parseXml } from '../../../../test/support/text/xml.js';
import { COMMAND_LINE_MAX, PATH_MAX } from './answer-file.js';
import { checkWindows } from './check.js';
import { windowsTimeZone } from './names.js';
import { windowsPassword } from './password.js';
import { wantedDrivers } from './drivers.js';
import { windowsSeed } from './seed.js';
import { firstLogonCommand, onSeed } from './setup-scripts.js';
import { WINDOWS_VERSIONS } from './versions.js';

/** Compares with the committed file; UPDATE_GOLDEN=1 writes it, for a reader to judge the difference. */
function expectGolden(name: string, text: string): void {
  const path = join(import.meta.dirname, 'golden', name);
  if (process.env['UPDATE_GOLDEN']) writeFileSync(path, text);
  expect(text).toBe(readFileSync(path, 'utf8'));
}

/** What differs from request to request. */
const VARYING = [
  'autounattend.xml',
  'infinibay/seed.id',
  'infinibay/winpe.cmd',
  'infinibay/disk.vbs',
  'Setup/Scripts/infinibay/settings.json',
];
const shown = (files: Map<string, string>, names: string[]): string =>
  names.map((name) => `=== ${name}\n${files.get(name)?.replaceAll('\r\n', '\n') ?? 'MISSING'}`).join('\n');
const answer = (files: Map<string, string>): string => files.get('autounattend.xml') ?? '';
const os = (version: string, edition?: string): object => ({
  family: 'windows',
  version,
  ...(edition ? { edition } : {}),
});

describe('the seed of a Windows machine is the one that was read and approved', () => {
  for (const { version } of WINDOWS_VERSIONS)
    for (const firmware of ['uefi', 'bios'] as const) {
      it(`${version} ${firmware} with everything`, () => {
        const request = windowsRequest({ ...FULL_WINDOWS, os: os(version), firmware });
        expect(checkWindows(request)).toEqual([]);
        expectGolden(`${version}-${firmware}-full.txt`, shown(windowsFiles(request), VARYING));
      });
      if (firmware === 'bios' && version === '11') continue;
      it(`${version} ${firmware} with nothing but a name and a user`, () => {
        const request = windowsRequest({ os: os(version), firmware });
        expect(checkWindows(request)).toEqual([]);
        expectGolden(`${version}-${firmware}-least.txt`, shown(windowsFiles(request), VARYING));
      });
    }

  it('and so are the scripts that are the same for all', () => {
    const files = windowsFiles(windowsRequest());
    expectGolden(
      'scripts.txt',
      shown(
        files,
        [...files.keys()].filter((name) => !VARYING.includes(name)),
      ),
    );
  });
});

describe('the answer file', () => {
  it.each(
    WINDOWS_VERSIONS.flatMap(({ version, editions }) => editions.map(({ name }) => [version, name] as const)),
  )('of %s %s has passes, components and elements that its reader knows', (version, edition) => {
    const files = windowsFiles(windowsRequest({ ...FULL_WINDOWS, os: os(version, edition) }));
    expect(validateAnswerFile('autounattend.xml', answer(files)).faults).toEqual([]);
    expect(answer(files)).toMatch(/^[\n -~]*$/);
  });

  it('hides a password as Windows does', () => {
    expect(windowsPassword('P@ssw0rd!', 'Password')).toBe('UABAAHMAcwB3ADAAcgBkACEAUABhAHMAcwB3AG8AcgBkAA==');
    expect(windowsPassword('P@ssw0rd!', 'AdministratorPassword')).toBe(
      'UABAAHMAcwB3ADAAcgBkACEAQQBkAG0AaQBuAGkAcwB0AHIAYQB0AG8AcgBQAGEAcwBzAHcAbwByAGQA',
    );
    const xml = answer(windowsFiles(windowsRequest({ ...FULL_WINDOWS, os: os('2025') })));
    expect(xml).not.toContain('P@ssw0rd');
    expect(xml).not.toContain('<PlainText>true');
    expect(xml.match(/<Value>UABAAHMAcwB3ADAAcgBkACEA/g)).toHaveLength(3);
  });

  it('logs somebody on by itself only where SetupComplete.cmd may be left out, and once', () => {
    const logons = (more: object, options = {}): string[] =>
      findAll(
        parseXml(answer(windowsFiles(windowsRequest(more), options))),
        'settings[pass=oobeSystem]/component[name=Microsoft-Windows-Shell-Setup]/AutoLogon/LogonCount',
      ).map(({ text }) => text);
    expect(logons({})).toEqual([]);
    expect(logons({ productKey: FULL_WINDOWS.productKey })).toEqual(['1']);
    expect(logons({ productKey: FULL_WINDOWS.productKey }, { autoLogon: false })).toEqual([]);
  });

  it('keeps to the limits on command lines', () => {
    for (const script of ['winpe.cmd', 'specialize.cmd'])
      expect(onSeed(script).length).toBeLessThanOrEqual(PATH_MAX);
    expect(firstLogonCommand().length).toBeLessThanOrEqual(COMMAND_LINE_MAX);
  });

  it('is refused with the reason when the request has a fault, or a password is missing', () => {
    expect(() => windowsFiles(windowsRequest({ os: os('12') }))).toThrow(
      /os.version: "12" is not a known Windows/,
    );
    expect(() => windowsFiles(windowsRequest(), { passwords: new Map() })).toThrow(/password was not given/);
  });
});

describe('the seed', () => {
  it('is the same for the same request, and says another id for another medium', () => {
    const request = windowsRequest(FULL_WINDOWS);
    expect([...windowsFiles(request)]).toEqual([...windowsFiles(request)]);
    const other = windowsFiles(request, { instanceId: 'medium-2' });
    expect(other.get('infinibay/seed.id')).toBe('medium-2\r\n');
    expect(other.get('infinibay/winpe.cmd')).toContain('S:\\infinibay\\medium-2"');
  });

  it('refuses a medium id that cmd or GRUB could take for more than a name', () => {
    for (const instanceId of ['', 'a b', '%PATH%', '../x', 'a&b', 'x'.repeat(65)])
      expect(() => windowsFiles(windowsRequest(), { instanceId })).toThrow('medium id');
  });

  it('wants the drivers of the request, or the usual ones', () => {
    expect(wantedDrivers(windowsRequest())).toMatchObject({
      version: '11',
      drivers: ['vioserial', 'Balloon', 'viorng'],
      guestTools: false,
    });
    const windows = { drivers: ['vioserial'], guestTools: true };
    expect(wantedDrivers(windowsRequest({ windows }))).toMatchObject(windows);
  });

  it('has the line ends of DOS and plain ASCII in all that Windows runs or reads', () => {
    const users = [{ name: 'J\u00f6rg\u{1F99C}', passwordSealed: FULL_WINDOWS.users[0]?.passwordSealed }];
    const files = windowsFiles(windowsRequest({ users }), {
      passwords: new Map([[users[0]?.name ?? '', 'x']]),
    });
    for (const [name, content] of files) {
      expect([name, /^[\r\n -~]*$/.test(content)]).toEqual([name, true]);
      if (name !== 'autounattend.xml') expect([name, /(?<!\r)\n/.test(content)]).toEqual([name, false]);
    }
  });

  it('has a secret in the settings only, and none when lines are not signed', () => {
    const secret = WINDOWS_INSTALL.channelSecret;
    const withSecret = [...windowsFiles(windowsRequest())].filter(([, content]) => content.includes(secret));
    expect(withSecret.map(([name]) => name)).toEqual(['Setup/Scripts/infinibay/settings.json']);
    const without = windowsSeed(
      windowsRequest(),
      { ...WINDOWS_INSTALL, channelSecret: null },
      { instanceId: 'm', passwords: WINDOWS_PASSWORDS },
    );
    expect(JSON.stringify(without)).not.toContain(secret);
  });

  it('has a Windows zone for every zone that a request may name but those that are checked', () => {
    const without = timeZones().filter((zone) => windowsTimeZone(zone) === null);
    for (const timezone of without)
      expect(checkWindows(windowsRequest({ timezone })).map(({ path }) => path)).toContain('timezone');
    expect(without.length).toBeLessThan(timeZones().length / 20);
    expect(windowsTimeZone('Europe/Berlin')).toBe('W. Europe Standard Time');
    expect(windowsTimeZone('US/Eastern')).toBe('Eastern Standard Time');
    expect(windowsTimeZone('UTC')).toBe('UTC');
  });
});

/** Text in which every language of a seed has something special. */
const hostile = fc.oneof(
  fc.constantFrom(
    `'"$(reboot)\${HOME}%PATH%&<>]]>\\n;|#!{{ v1 }}`,
    ']]><b/>',
    '<!--',
    '&amp;',
    "a'b",
    '%TEMP%',
    '\u00e4\u20ac\u{1F99C}\u2028\u0085',
    "' & Quit '",
    '\u2019; Restart-Computer; \u2019',
    'x'.repeat(65_536),
    'a\nb',
  ),
  fc.string({ unit: 'grapheme' }),
  fc.string({ unit: 'binary' }),
);

describe('hostile text in a free field comes back as it was, or is refused:', () => {
  type Files = Map<string, string>;
  const text = (files: Files, path: string): string | undefined =>
    findAll(parseXml(answer(files)), path).at(0)?.text;
  const settings = (files: Files): Record<string, unknown> =>
    JSON.parse(files.get('Setup/Scripts/infinibay/settings.json') ?? '') as Record<string, unknown>;
  const shell = 'component[name=Microsoft-Windows-Shell-Setup]';
  const at: [string, (value: string) => object, (files: Files) => unknown][] = [
    [
      'a user name',
      (name) => ({ users: [{ name, passwordSealed: FULL_WINDOWS.users[0]?.passwordSealed }] }),
      (files) =>
        text(files, `settings[pass=oobeSystem]/${shell}/UserAccounts/LocalAccounts/LocalAccount/Name`),
    ],
    [
      'a host name',
      (hostname) => ({ hostname }),
      (files) => text(files, `settings[pass=specialize]/${shell}/ComputerName`),
    ],
    [
      'an edition',
      (edition) => ({ os: { family: 'windows', version: '11', edition } }),
      (files) =>
        text(
          files,
          'settings[pass=windowsPE]/component[name=Microsoft-Windows-Setup]/ImageInstall/OSImage/InstallFrom/MetaData/Value',
        ),
    ],
    [
      'a product key',
      (productKey) => ({ productKey }),
      (files) =>
        text(
          files,
          'settings[pass=windowsPE]/component[name=Microsoft-Windows-Setup]/UserData/ProductKey/Key',
        ),
    ],
    [
      'the serial of a disk',
      (serial) => ({ disk: { match: { serial } } }),
      (files) => /WANTED_SERIAL = "(.*)"\r/.exec(files.get('infinibay/disk.vbs') ?? '')?.[1],
    ],
    [
      'the name of a network adapter',
      (name) => ({ network: [{ match: { name } }] }),
      (files) => (settings(files)['network'] as { name: string }[])[0]?.name,
    ],
    ['a time zone', (timezone) => ({ timezone }), () => undefined],
  ];
  it.each(at)('%s', (_name, differences, read) => {
    fc.assert(
      fc.property(hostile, (value) => {
        const request = MediaRequest.safeParse({
          vmId: FULL_REQUEST.vmId,
          hostname: 'h',
          os: { family: 'windows', version: '11' },
          users: [{ name: 'ada', passwordSealed: FULL_WINDOWS.users[0]?.passwordSealed }],
          ...differences(value),
        });
        if (!request.success || checkWindows(request.data).length > 0) return;
        const passwords = new Map(request.data.users.map(({ name }) => [name, 'x']));
        expect(read(windowsFiles(request.data, { passwords }))).toBe(value);
      }),
      { numRuns: 300 },
    );
  });

  it('a password', () => {
    fc.assert(
      fc.property(hostile, (password) => {
        const files = windowsFiles(windowsRequest(), { passwords: new Map([['ada', password]]) });
        const path = `settings[pass=oobeSystem]/${shell}/UserAccounts/LocalAccounts/LocalAccount/Password/Value`;
        const read = Buffer.from(text(files, path) ?? '', 'base64').toString('utf16le');
        // Half a surrogate pair survives UTF-16, too.
        expect(read).toBe(`${password}Password`);
      }),
    );
  });

  it('what the suite itself adds: addresses, secrets, the name of an image', () => {
    fc.assert(
      fc.property(hostile, (value) => {
        const install = {
          ...WINDOWS_INSTALL,
          distributionUrl: value,
          channelSecret: value,
          reporting: { url: value, token: value },
        };
        const make = (): Files =>
          new Map(
            windowsSeed(windowsRequest(), install, {
              instanceId: 'm',
              passwords: WINDOWS_PASSWORDS,
              imageName: value,
            }).map(({ name, content }) => [name, content]),
          );
        if (/[\u0000-\u0008\u000B\u000C\u000E-\u001F\uFFFE\uFFFF]|\p{Cs}/u.test(value))
          return void expect(make).toThrow(/XML/);
        const files = make();
        expect(settings(files)).toMatchObject({
          distributionUrl: value,
          channelSecret: value,
          reporting: { url: value, token: value },
        });
        expect(
          text(
            files,
            'settings[pass=windowsPE]/component[name=Microsoft-Windows-Setup]/ImageInstall/OSImage/InstallFrom/MetaData/Value',
          ),
        ).toBe(value);
      }),
      { numRuns: 200 },
    );
  });
});
