import {
  createCipheriv,
  createDecipheriv,
  createPrivateKey,
  createPublicKey,
  diffieHellman,
  generateKeyPairSync,
  hkdfSync,
  type KeyObject,
  randomBytes,
} from 'node:crypto';

const INFO = 'infinibay sealed password x1';
/** Bytes. */
const KEY = 32;
const NONCE = 12;
const TAG = 16;
/** What stands before the 32 bytes of an X25519 key in its DER form (RFC 8410). */
const SPKI = Buffer.from('302a300506032b656e032100', 'hex');
const PKCS8 = Buffer.from('302e020100300506032b656e04220420', 'hex');

/** Whose password it is: it opens for this user on this machine only. */
export interface PasswordOwner {
  vmId: string;
  user: string;
}

const contextOf = ({ vmId, user }: PasswordOwner): Buffer =>
  Buffer.from(`media:${vmId.toLowerCase()}:${user}`);

/**
 * Seals a Windows password for the bus (`users[].passwordSealed`) to the suite's public key: only the suite
 * opens it. An ephemeral X25519 key and the public key agree on a secret; HKDF-SHA-256 (salt: both public
 * keys, info `infinibay sealed password x1`) makes a key of it, AES-256-GCM seals with `media:<vmId>:<user>`
 * as additional data. The value is `x1.` and base64url of ephemeral key (32), nonce (12), tag (16),
 * ciphertext.
 * @param publicKey as `GET /api/sealing-key` gives it: 32 bytes in base64url
 * @throws TypeError when it is no such key
 */
export function sealPassword(
  publicKey: string,
  { password, ...owner }: PasswordOwner & { password: string },
): string {
  const theirs = publicKeyFrom(publicKey);
  const ephemeral = generateKeyPairSync('x25519');
  const ours = rawPublic(ephemeral.publicKey);
  const secret = diffieHellman({ privateKey: ephemeral.privateKey, publicKey: theirs });
  const nonce = randomBytes(NONCE);
  const cipher = createCipheriv('aes-256-gcm', derive(secret, ours, rawPublic(theirs)), nonce).setAAD(
    contextOf(owner),
  );
  const sealed = Buffer.concat([cipher.update(password, 'utf8'), cipher.final()]);
  return `x1.${Buffer.concat([ours, nonce, cipher.getAuthTag(), sealed]).toString('base64url')}`;
}

/**
 * Opens what `sealPassword` made.
 * @param privateKeyHex SEALING_KEY, 64 hexadecimal digits
 * @throws Error when key, owner or value is not the one it was sealed with
 */
export function openSealedPassword(privateKeyHex: string, owner: PasswordOwner, sealed: string): string {
  const bytes = Buffer.from(sealed.replace(/^x1\./, ''), 'base64url');
  const theirs = bytes.subarray(0, KEY);
  const nonce = bytes.subarray(KEY, KEY + NONCE);
  const privateKey = privateKeyFrom(privateKeyHex);
  const publicKey = createPublicKey({ key: Buffer.concat([SPKI, theirs]), format: 'der', type: 'spki' });
  const secret = diffieHellman({ privateKey, publicKey });
  const key = derive(secret, theirs, rawPublic(createPublicKey(privateKey)));
  const decipher = createDecipheriv('aes-256-gcm', key, nonce, { authTagLength: TAG }).setAAD(
    contextOf(owner),
  );
  decipher.setAuthTag(bytes.subarray(KEY + NONCE, KEY + NONCE + TAG));
  const plain = Buffer.concat([decipher.update(bytes.subarray(KEY + NONCE + TAG)), decipher.final()]);
  return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(plain);
}

/** The public half of SEALING_KEY, in base64url. */
export function sealingPublicKey(privateKeyHex: string): string {
  return rawPublic(createPublicKey(privateKeyFrom(privateKeyHex))).toString('base64url');
}

function derive(secret: Buffer, ephemeral: Buffer, recipient: Buffer): Buffer {
  return Buffer.from(hkdfSync('sha256', secret, Buffer.concat([ephemeral, recipient]), INFO, KEY));
}

const rawPublic = (key: KeyObject): Buffer =>
  key.export({ format: 'der', type: 'spki' }).subarray(SPKI.length);

function publicKeyFrom(text: string): KeyObject {
  if (!/^[A-Za-z0-9_-]{43}=?$/.test(text))
    throw new TypeError('the public key must be 32 bytes in base64url, as GET /api/sealing-key gives it');
  return createPublicKey({
    key: Buffer.concat([SPKI, Buffer.from(text, 'base64url')]),
    format: 'der',
    type: 'spki',
  });
}

function privateKeyFrom(hex: string): KeyObject {
  return createPrivateKey({
    key: Buffer.concat([PKCS8, Buffer.from(hex, 'hex')]),
    format: 'der',
    type: 'pkcs8',
  });
}
