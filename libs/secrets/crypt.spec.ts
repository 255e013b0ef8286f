import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { sha512Crypt } from './crypt.js';

describe('SHA-512 crypt', () => {
  it('gives the vector that openssl gives', () => {
    expect(sha512Crypt('Hello world!', 'saltstring')).toBe(
      '$6$saltstring$svn8UoSVapNtMuq1ukKS4tPQd8iKwSMHWjl/O817G3uBnIFNjnQJuesI68u4OTLiBFdcbYEdFCoEOfaS35inz1',
    );
  });

  it('makes a salt of 16 characters of its own each time', () => {
    const hashes = [sha512Crypt('secret'), sha512Crypt('secret')];
    expect(hashes[0]).not.toBe(hashes[1]);
    for (const hash of hashes) expect(hash).toMatch(/^\$6\$[./0-9A-Za-z]{16}\$[./0-9A-Za-z]{86}$/);
  });

  it('is the same again for the same password and salt, and for no other password', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme', maxLength: 80 }), (password) => {
        const hash = sha512Crypt(password);
        const salt = hash.split('$')[2];
        expect(sha512Crypt(password, salt)).toBe(hash);
        expect(sha512Crypt(`${password}x`, salt)).not.toBe(hash);
      }),
      { numRuns: 10 },
    );
  });
});
