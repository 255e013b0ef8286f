import { describe, expect, it } from '@jest/globals';
import { sha512Crypt } from './crypt.js';
import { type Fault, type MediaRequest, sealingPublicKey, sealPassword } from '#protocol';
import { openPasswords, sealPasswords } from './passwords.js';

const KEY = '5e'.repeat(32);
const VM = '7c0d6f0e-3f5e-4d0c-9d55-1b2f3a4b5c6d';
const request = (family: MediaRequest['os']['family'], users: object[], vmId = VM) => ({
  vmId,
  hostname: 'web-1',
  os: { family },
  users: users as { name: string; password?: string; passwordHash?: string; passwordSealed?: string }[],
});

describe('passwords of a media request', () => {
  it('are hashed for Linux and gone; ready hashes and keys stay as they are', () => {
    const users = [
      { name: 'ada', password: 'canary-pw' },
      { name: 'bob', passwordHash: '$6$x$y' },
      { name: 'eve' },
    ];
    const sealed = sealPasswords(request('ubuntu', users), undefined);
    expect(JSON.stringify(sealed)).not.toContain('canary-pw');
    const [ada, bob, eve] = sealed.users;
    expect(ada?.passwordHash).toBe(sha512Crypt('canary-pw', ada?.passwordHash?.split('$')[2]));
    expect(bob).toEqual({ name: 'bob', passwordHash: '$6$x$y' });
    expect(eve).toEqual({ name: 'eve' });
    expect(sealed.hostname).toBe('web-1');
  });

  it('are sealed for Windows, and open for their user on their machine only', () => {
    const sealed = sealPasswords(request('windows', [{ name: 'Ada', password: 'canary-pw' }]), KEY);
    expect(JSON.stringify(sealed)).not.toContain('canary-pw');
    expect(openPasswords(sealed, { SECRETS_KEY: KEY })).toEqual(new Map([['Ada', 'canary-pw']]));
    const other = request('windows', sealed.users, '00000000-0000-4000-8000-000000000000');
    const renamed = request('windows', [{ ...sealed.users[0], name: 'Bob' }]);
    for (const [stranger, key] of [
      [other, KEY],
      [renamed, KEY],
      [sealed, 'ff'.repeat(32)],
      [sealed, undefined],
    ] as const)
      expect(() => openPasswords(stranger, { SECRETS_KEY: key })).toThrow(/users\.0\.passwordSealed/);
  });

  it('that others sealed to the public key open for their user on their machine, and hold what a password may', () => {
    const SEALING_KEY = 'a7'.repeat(32);
    const sealedTo = (user: string, password: string, key = SEALING_KEY): object => ({
      name: user,
      passwordSealed: sealPassword(sealingPublicKey(key), { vmId: VM, user, password }),
    });
    const own =
      sealPasswords(request('windows', [{ name: 'Bob', password: 'canary-two' }]), KEY).users[0] ?? {};
    const both = request('windows', [sealedTo('Ada', 'canary-pw'), own]);
    expect(openPasswords(both, { SEALING_KEY, SECRETS_KEY: KEY })).toEqual(
      new Map([
        ['Ada', 'canary-pw'],
        ['Bob', 'canary-two'],
      ]),
    );
    const faultOf = (user: object, keys: object): unknown => {
      try {
        return openPasswords(request('windows', [user]), keys);
      } catch (error) {
        return (error as { issues?: Fault[] }).issues?.[0];
      }
    };
    expect(faultOf(sealedTo('Ada', 'a'), { SECRETS_KEY: KEY })).toMatchObject({
      path: 'users.0.passwordSealed',
      message: expect.stringContaining('SEALING_KEY'),
    });
    const strangers: [object, RegExp][] = [
      [sealedTo('Ada', 'a', 'b8'.repeat(32)), /another public key/],
      [{ ...sealedTo('Ada', 'a'), name: 'ada' }, /another machine or user/],
      [{ name: 'Ada', passwordSealed: `x1.${'A'.repeat(90)}` }, /does not open/],
      [sealedTo('Ada', ''), /must not be empty/],
      [sealedTo('Ada', 'a\u0000'), /control characters/],
      [sealedTo('Ada', 'x'.repeat(128)), /holds a password that is none/],
    ];
    for (const [user, message] of strangers)
      expect(faultOf(user, { SEALING_KEY })).toMatchObject({ message: expect.stringMatching(message) });
  });

  it('for Windows are refused, each by its path, where there is no key to seal them under', () => {
    const users = [{ name: 'Ada', password: 'a' }, { name: 'Eve' }, { name: 'Bob', password: 'b' }];
    expect(() => sealPasswords(request('windows', users), undefined)).toThrow(
      expect.objectContaining({
        issues: [
          expect.objectContaining({ path: 'users.0.password' }),
          expect.objectContaining({ path: 'users.2.password' }),
        ],
      }),
    );
  });
});
