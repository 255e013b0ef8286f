import { describe, expect, it } from '@jest/globals';
import { MediaRequest } from './request.js';

const HASH = `$6$saltsaltsalt$${'a'.repeat(86)}`;
const KEY = 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIE1n6fTlQ2';
const ubuntu = (more: object): object => ({
  vmId: '7c0d6f0e-3f5e-4d0c-9d55-1b2f3a4b5c6d',
  hostname: 'web-1',
  os: { family: 'ubuntu', version: '24.04' },
  ...more,
});
const windows = (more: object): object => ({
  ...ubuntu({}),
  os: { family: 'windows', version: '11', edition: 'Pro' },
  ...more,
});
const faultsOf = (request: object): string[] =>
  (MediaRequest.safeParse(request).error?.issues ?? []).map(({ path }) => path.join('.'));

describe('a field that goes into an answer file', () => {
  it.each<[string, object, string]>([
    [
      'a hash without a hash',
      ubuntu({ users: [{ name: 'ada', passwordHash: '$6$saltsaltsalt$' }] }),
      'users.0.passwordHash',
    ],
    [
      'a hash without a salt',
      ubuntu({ users: [{ name: 'ada', passwordHash: '$y$,,,,,,,,' }] }),
      'users.0.passwordHash',
    ],
    [
      'a key that ends after a few letters',
      ubuntu({ users: [{ name: 'ada', sshKeys: ['ssh-rsa A'] }] }),
      'users.0.sshKeys.0',
    ],
    [
      'a line separator in a key',
      ubuntu({ users: [{ name: 'ada', sshKeys: [`${KEY} a\u2028b`] }] }),
      'users.0.sshKeys.0',
    ],
    [
      'half a character in a key',
      ubuntu({ users: [{ name: 'ada', sshKeys: [`${KEY} \ud800`] }] }),
      'users.0.sshKeys.0',
    ],
    [
      'half a character in a password',
      ubuntu({ users: [{ name: 'ada', password: 'Pass-\udc00' }] }),
      'users.0.password',
    ],
    [
      'half a character in a name',
      windows({ users: [{ name: 'a\ud800', password: 'Pass-word-1' }] }),
      'users.0.name',
    ],
    [
      'a user that stands twice',
      ubuntu({ users: [{ name: 'ada' }, { name: 'bob' }, { name: 'ada' }] }),
      'users.2.name',
    ],
    ['a name of blanks', windows({ users: [{ name: '\u2028', password: 'Pass-word-1' }] }), 'users.0.name'],
    ['what XML lacks', windows({ users: [{ name: 'a\uffff', password: 'Pass-word-1' }] }), 'users.0.name'],
    ['a quote in a proxy', ubuntu({ proxy: 'http://192.0.2.1:3128/";Dir "' }), 'proxy'],
    ['a line end in a mirror', ubuntu({ mirror: 'http://mirror.example/\nDir "/"' }), 'mirror'],
    ['blanks around a mirror', ubuntu({ mirror: ' http://mirror.example/' }), 'mirror'],
    ['a URL without its slashes', ubuntu({ mirror: 'http:mirror.example' }), 'mirror'],
    ['a control character in a path', ubuntu({ vendorIso: '/srv/a\u0001.iso' }), 'vendorIso'],
    ['half a character in a path', windows({ virtioDrivers: '/srv/\ud800' }), 'virtioDrivers'],
  ])('is refused: %s', (_, request, path) => {
    expect(faultsOf(request)).toEqual([path]);
  });

  it('may be what installers take', () => {
    const users = [
      { name: 'ada', passwordHash: HASH, sshKeys: [`${KEY} ada's "key" é 😀 $(id)`] },
      {
        name: 'ci',
        passwordHash: '$y$j9T$F5Jx5fExrKuPp53xLKQ..1$X3DX6M94c7o.9agCG9G317fhZg9SqC.5i5rd.RhAtQ7',
      },
      { name: 'bob', passwordHash: `$5$rounds=5000$salt$${'b'.repeat(43)}` },
      { name: 'eve', password: 'é😀 "\'$%' },
    ];
    expect(
      faultsOf(
        ubuntu({
          users,
          mirror: 'http://[2001:db8::1]:8080/a%20b/$releasever/?x=1&y=~2',
          proxy: 'http://proxy.example:3128/',
          vendorIso: "/srv/it's a, file.iso",
        }),
      ),
    ).toEqual([]);
    expect(faultsOf(windows({ users: [{ name: 'Zoë & Söhne $(x)', password: '😀 Pass-1' }] }))).toEqual([]);
  });
});
