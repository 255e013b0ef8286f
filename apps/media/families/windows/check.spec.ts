import { describe, expect, it } from '@jest/globals';
import { KEYBOARD_LAYOUTS, LOCALES, type MediaRequest } from '#protocol';
import { FULL_WINDOWS, windowsRequest } from '../../../../test/support/windows/windows.js';
import { checkWindows, isComplex, passwordFaults } from './check.js';
import { inputLocale, windowsLocale } from './names.js';
import { findEdition, WINDOWS_VERSIONS } from './versions.js';

const told = (request: MediaRequest, images?: string[]): string[] =>
  checkWindows(request, images ?? null).map(({ path, message, remedy }) => `${path}: ${message}; ${remedy}`);
const os = (version: string, more: object = {}): object => ({ os: { family: 'windows', version, ...more } });
const SEALED = FULL_WINDOWS.users[0]?.passwordSealed;
const user = (more: object = {}): object => ({ name: 'ada', passwordSealed: SEALED, ...more });

describe('a request for Windows', () => {
  it.each(WINDOWS_VERSIONS.map(({ version }) => version))(
    '%s with the least, and with everything, has no fault',
    (version) => {
      expect(told(windowsRequest(os(version)))).toEqual([]);
      expect(told(windowsRequest({ ...FULL_WINDOWS, ...os(version) }))).toEqual([]);
    },
  );

  it.each<[string, object, RegExp]>([
    [
      'a version that is none',
      os('2020'),
      /^os\.version: "2020" is not a known Windows; there are 10, 11, 2019, 2022, 2025; did you mean 2022\?|did you mean 20/,
    ],
    [
      'an edition that is near',
      os('11', { edition: 'Enterprize' }),
      /^os\.edition: "Enterprize" is not a known edition of Windows 11.*did you mean Enterprise\?/,
    ],
    [
      'an edition of a client on a server',
      os('2022', { edition: 'Home' }),
      /not a known edition of Windows Server 2022; there are Standard, Standard Core/,
    ],
    ['a server on ARM', os('2022', { architecture: 'aarch64' }), /^os\.architecture: .*use x86_64/],
    [
      'Windows 11 on BIOS',
      { firmware: 'bios' },
      /^firmware: .*refuses a machine without UEFI; use uefi, or set windows\.bypassRequirements/,
    ],
    [
      'a disk that is too small',
      { disk: { match: { minBytes: 1, maxBytes: 60e9 } } },
      /^disk\.match\.maxBytes: Windows 11 does not fit/,
    ],
    ['a locale without a number', { locale: 'de-IT' }, /^locale: .*use de-DE/],
    [
      'a keyboard that Windows lacks',
      { keyboard: { layout: 'brai' } },
      /^keyboard: Windows has no layout for brai/,
    ],
    [
      'a variant that Windows lacks',
      { keyboard: { layout: 'de', variant: 'nodeadkeys' } },
      /^keyboard: Windows has no layout for de\/nodeadkeys; use de/,
    ],
    ['no administrator', { users: [user({ admin: false })] }, /^users: has no administrator/],
    ['no users', { users: [] }, /^users: has no administrator/],
    [
      'a user without a password',
      { users: [user(), { name: 'ci', admin: false }] },
      /^users\.1\.password: is missing/,
    ],
    [
      'DHCP and fixed addresses',
      { network: [{ match: { name: 'e' }, dhcp: true, addresses: ['192.0.2.1/24'] }] },
      /^network\.0\.dhcp: Windows has either/,
    ],
    [
      'a gateway without an address',
      { network: [{ match: { name: 'e' }, gateway: '192.0.2.1' }] },
      /^network\.0\.gateway: needs an address/,
    ],
    [
      'no vioserial',
      { virtioDrivers: '/v', windows: { drivers: ['Balloon'] } },
      /^windows\.drivers: lacks vioserial/,
    ],
    [
      'guest tools from nowhere',
      { windows: { guestTools: true } },
      /^virtioDrivers: is missing: windows\.guestTools needs/,
    ],
    [
      'a virtio disk without drivers',
      { disk: { match: { bus: 'virtio' } } },
      /^virtioDrivers: is missing: a disk on virtio/,
    ],
    ['packages', { packages: ['nginx'] }, /^packages: is for Linux/],
  ])('with %s has one fault that says so and what to do', (_what, more, fault) => {
    const faults = told(windowsRequest(more));
    expect(faults).toEqual([expect.stringMatching(fault)]);
  });

  it('with many faults has all of them', () => {
    const faults = checkWindows(
      windowsRequest({
        ...os('12'),
        locale: 'de-BE',
        keyboard: { layout: 'brai' },
        users: [{ name: 'ci', admin: false }],
        packages: ['x'],
      }),
    );
    expect(faults.map(({ path }) => path)).toEqual([
      'os.version',
      'locale',
      'keyboard',
      'users',
      'users.0.password',
      'packages',
    ]);
    for (const { message, remedy } of faults)
      expect([message.length > 5, remedy.length > 3]).toEqual([true, true]);
  });

  it('is refused when the medium lacks the image, with those that it has', () => {
    const images = ['Windows Server 2022 SERVERSTANDARDCORE', 'Windows Server 2022 SERVERSTANDARD'];
    expect(told(windowsRequest(os('2022')), images)).toEqual([]);
    expect(told(windowsRequest(os('2022', { edition: 'Datacenter' })), images)).toEqual([
      expect.stringMatching(
        /^os\.edition: the medium has no image "Windows Server 2022 SERVERDATACENTER"; it has .*SERVERSTANDARD; did you mean/,
      ),
    ]);
  });
});

describe('names', () => {
  it('of an edition are the request’s or the medium’s, in any case', () => {
    const [server] = WINDOWS_VERSIONS.filter(({ version }) => version === '2022');
    if (!server) throw new Error('no Windows Server 2022');
    for (const name of [
      'Datacenter Core',
      'datacenter core',
      'Windows Server 2022 SERVERDATACENTERCORE',
      'windows server 2022 datacenter core',
    ])
      expect(findEdition(server, name)).toMatchObject({
        imageName: 'Windows Server 2022 SERVERDATACENTERCORE',
      });
    expect(findEdition(server, undefined)?.name).toBe('Standard');
    expect(findEdition(server, 'Standard Evaluation')?.setupKey).toBeNull();
  });

  it('of keyboards and locales are well-formed, and nearly all have one in Windows', () => {
    const keyboards = KEYBOARD_LAYOUTS.map((layout) => inputLocale({ layout }));
    for (const keyboard of keyboards.filter((known) => known !== null))
      expect(keyboard).toMatch(/^[0-9a-f]{4}:[0-9a-f]{8}$/);
    expect(keyboards.filter((known) => known !== null).length).toBeGreaterThan(75);
    expect([inputLocale({ layout: 'de' }), inputLocale({ layout: 'ch', variant: 'fr' })]).toEqual([
      '0407:00000407',
      '100c:0000100c',
    ]);
    const locales = LOCALES.map(windowsLocale).filter((known) => 'locale' in known);
    expect(LOCALES.length - locales.length).toBe(5);
    expect(windowsLocale('sr-RS')).toEqual({ locale: 'sr-Latn-RS' });
  });

  it('of a product key are five groups, and no edition has another’s', () => {
    for (const { editions } of WINDOWS_VERSIONS) {
      const keys = editions.map(({ setupKey }) => setupKey).filter((key) => key !== null);
      for (const key of keys) expect(key).toMatch(/^([A-Z0-9]{5}-){4}[A-Z0-9]{5}$/);
      // Core and Desktop Experience are one edition to a key.
      const perKey = editions.filter(({ name, setupKey }) => setupKey !== null && !name.endsWith('Core'));
      expect(new Set(perKey.map(({ setupKey }) => setupKey)).size).toBe(perKey.length);
      expect(new Set(editions.map(({ name }) => name)).size).toBe(editions.length);
    }
  });

  it.each([
    ['P@ssw0rd!', true],
    ['password', false],
    ['Abc1', false],
    ['Password1', true],
    ['xAda1!zz', false],
    ['\u00c4rger-1', true],
  ])('of a password %s are complex: %s', (password, complex) => {
    expect(isComplex(password, 'ada')).toBe(complex);
  });
});

it('a password that a server refuses is told before setup would stop at it; a client takes any', () => {
  const of = (version: string): MediaRequest => windowsRequest({ os: { family: 'windows', version } });
  const faults = (version: string, password: string): string[] =>
    passwordFaults(of(version), new Map([['ada', password]])).map(({ path }) => path);
  expect(faults('2022', 'password')).toEqual(['users.0.password']);
  expect(faults('2022', 'P@ssw0rd!')).toEqual([]);
  expect(faults('11', 'password')).toEqual([]);
});
