import { createCipheriv, createPublicKey, diffieHellman, generateKeyPairSync, hkdfSync } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { openSealedPassword, sealingPublicKey, sealPassword } from './sealed-password.js';

const PRIVATE = '5e'.repeat(32);
const PUBLIC = sealingPublicKey(PRIVATE);
const owner = { vmId: '7c0d6f0e-3f5e-4d0c-9d55-1b2f3a4b5c6d', user: 'Ada' };
const seal = (password: string): string => sealPassword(PUBLIC, { ...owner, password });

describe('the public key', () => {
  it('of a private one is what RFC 7748, section 6.1, says (Bob)', () => {
    const bob = '5dab087e624a8a4b79e17f8b83800ee66f3bb1292618b6fd1c2f8b27ff88e0eb';
    expect(Buffer.from(sealingPublicKey(bob), 'base64url').toString('hex')).toBe(
      'de9edb7d7b7dc1b4d35b61c2ece435373f8343c85b78674dadfc7e146f882b4f',
    );
  });

  it.each(['', 'x'.repeat(42), `${PUBLIC}x`, Buffer.from('a').toString('base64url'), 'ä'.repeat(43)])(
    '%j is refused in words',
    (key) =>
      expect(() => sealPassword(key, { ...owner, password: 'a' })).toThrow(/must be 32 bytes in base64url/),
  );

  it('that makes every secret the same (all zero) is refused', () => {
    expect(() => sealPassword('A'.repeat(43), { ...owner, password: 'a' })).toThrow();
  });
});

describe('a sealed password', () => {
  it('opens for its owner to what it was, also when the VM id is written in upper case', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme', maxLength: 127 }), (password) => {
        expect(openSealedPassword(PRIVATE, owner, seal(password))).toBe(password);
        const loud = sealPassword(PUBLIC, { vmId: owner.vmId.toUpperCase(), user: owner.user, password });
        expect(openSealedPassword(PRIVATE, owner, loud)).toBe(password);
      }),
      { numRuns: 50 },
    );
  });

  it('is never the same twice, and fits its field', () => {
    const longest = '\uffff'.repeat(127);
    expect(seal(longest)).not.toBe(seal(longest));
    expect(seal(longest).length).toBeLessThanOrEqual(1024);
    expect(seal('a')).toMatch(/^x1\.[A-Za-z0-9_-]{82}$/);
  });

  it.each<[string, string, { vmId: string; user: string }]>([
    ['another machine', PRIVATE, { ...owner, vmId: '00000000-0000-4000-8000-000000000000' }],
    ['another user', PRIVATE, { ...owner, user: 'ada' }],
    ['another key', 'ff'.repeat(32), owner],
  ])('does not open for %s', (_, key, whose) => {
    expect(() => openSealedPassword(key, whose, seal('Pass-word-1'))).toThrow();
  });

  it('does not open with any byte changed or missing', () => {
    const bytes = Buffer.from(seal('Pw').slice(3), 'base64url');
    for (let index = 0; index < bytes.length; index += 1) {
      const changed = Buffer.from(bytes);
      // X25519 does not look at the highest bit of a public key; that it is part of the salt finds it out.
      changed[index] = (changed[index] ?? 0) ^ 0x80;
      expect(() => openSealedPassword(PRIVATE, owner, `x1.${changed.toString('base64url')}`)).toThrow();
      const cut = bytes.subarray(0, index).toString('base64url');
      expect(() => openSealedPassword(PRIVATE, owner, `x1.${cut}`)).toThrow();
    }
  });

  it('is made as the description says: by another hand it opens too', () => {
    const ephemeral = generateKeyPairSync('x25519');
    const der = Buffer.from(
      `302a300506032b656e032100${Buffer.from(PUBLIC, 'base64url').toString('hex')}`,
      'hex',
    );
    const theirs = createPublicKey({ key: der, format: 'der', type: 'spki' });
    const ours = Buffer.from((ephemeral.publicKey.export({ format: 'jwk' }) as { x: string }).x, 'base64url');
    const salt = Buffer.concat([ours, Buffer.from(PUBLIC, 'base64url')]);
    const secret = diffieHellman({ privateKey: ephemeral.privateKey, publicKey: theirs });
    const key = Buffer.from(hkdfSync('sha256', secret, salt, 'infinibay sealed password x1', 32));
    const nonce = Buffer.alloc(12, 7);
    const cipher = createCipheriv('aes-256-gcm', key, nonce).setAAD(Buffer.from(`media:${owner.vmId}:Ada`));
    const text = Buffer.concat([cipher.update('Pass-word-1'), cipher.final()]);
    const sealed = `x1.${Buffer.concat([ours, nonce, cipher.getAuthTag(), text]).toString('base64url')}`;
    expect(openSealedPassword(PRIVATE, owner, sealed)).toBe('Pass-word-1');
  });
});
