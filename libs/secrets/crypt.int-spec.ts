import { execFileSync } from 'node:child_process';
import { expect, it } from '@jest/globals';
import { sha512Crypt } from './crypt.js';

/** The lengths around the digest's size (64) are where the algorithm repeats and cuts its blocks. */
const PASSWORDS = [
  'a',
  'pass word',
  "quote'd $HOME `id` \\",
  'пароль-密码-🔑',
  ...[15, 16, 17, 63, 64, 65, 127, 128, 129, 200].map((length) => 'x'.repeat(length)),
];
const SALTS = ['a', 'saltsalt', './ABCxyz0123456'];

it.each(SALTS)('agrees with openssl, salt %s', (salt) => {
  const theirs = execFileSync('openssl', ['passwd', '-6', '-salt', salt, '-stdin'], {
    input: PASSWORDS.map((password) => `${password}\n`).join(''),
    encoding: 'utf8',
  });
  expect(PASSWORDS.map((password) => sha512Crypt(password, salt))).toEqual(theirs.trimEnd().split('\n'));
});

it('cuts a salt of more than 16 characters as crypt does', () => {
  const theirs = execFileSync('openssl', ['passwd', '-6', '-salt', '0123456789abcdefXYZ', 'password'], {
    encoding: 'utf8',
  });
  expect(sha512Crypt('password', '0123456789abcdefXYZ')).toBe(theirs.trim());
});
