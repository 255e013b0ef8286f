import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';

/** Bytes. Without it Node takes a tag of four, and one of 4,294,967,296 guesses opens. */
const TAG = 16;

/**
 * Seals a secret with AES-256-GCM. `context` is bound to it: a sealed value copied to another place does not
 * open there.
 * @param keyHex SECRETS_KEY, 64 hexadecimal digits
 */
export function seal(keyHex: string, context: string, plain: string): string {
  const nonce = randomBytes(12);
  const cipher = createCipheriv('aes-256-gcm', Buffer.from(keyHex, 'hex'), nonce).setAAD(
    Buffer.from(context),
  );
  const sealed = Buffer.concat([cipher.update(plain, 'utf8'), cipher.final()]);
  return `v1.${Buffer.concat([nonce, cipher.getAuthTag(), sealed]).toString('base64url')}`;
}

/** @throws Error when the key, the context or the value is not the one it was sealed with */
export function unseal(keyHex: string, context: string, sealed: string): string {
  const bytes = Buffer.from(sealed.replace(/^v1\./, ''), 'base64url');
  const decipher = createDecipheriv('aes-256-gcm', Buffer.from(keyHex, 'hex'), bytes.subarray(0, 12), {
    authTagLength: TAG,
  }).setAAD(Buffer.from(context));
  decipher.setAuthTag(bytes.subarray(12, 12 + TAG));
  return Buffer.concat([decipher.update(bytes.subarray(12 + TAG)), decipher.final()]).toString('utf8');
}
