import { describe, expect, it } from '@jest/globals';
import type { MediaRequest } from '#protocol';
import { sha512Crypt } from './crypt.js';
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
    expect(openPasswords(sealed, KEY)).toEqual(new Map([['Ada', 'canary-pw']]));
    const other = request('windows', sealed.users, '00000000-0000-4000-8000-000000000000');
    const renamed = request('windows', [{ ...sealed.users[0], name: 'Bob' }]);
    for (const [stranger, key] of [
      [other, KEY],
      [renamed, KEY],
      [sealed, 'ff'.repeat(32)],
      [sealed, undefined],
    ] as const)
      expect(() => openPasswords(stranger, key)).toThrow(/users\.0\.passwordSealed/);
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
