import { createHash, randomBytes } from 'node:crypto';

const ALPHABET = './0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';
const ROUNDS = 5000;

/** The order in which crypt(3) takes the digest's bytes, three at a time. */
const ORDER = [
  [0, 21, 42],
  [22, 43, 1],
  [44, 2, 23],
  [3, 24, 45],
  [25, 46, 4],
  [47, 5, 26],
  [6, 27, 48],
  [28, 49, 7],
  [50, 8, 29],
  [9, 30, 51],
  [31, 52, 10],
  [53, 11, 32],
  [12, 33, 54],
  [34, 55, 13],
  [56, 14, 35],
  [15, 36, 57],
  [37, 58, 16],
  [59, 17, 38],
  [18, 39, 60],
  [40, 61, 19],
  [62, 20, 41],
] as const;

/**
 * glibc's SHA-512 crypt (`$6$`), as Linux installers take passwords. 5,000 rounds, the default.
 * Source: Ulrich Drepper, "Unix crypt using SHA-256 and SHA-512".
 * @param salt up to 16 characters of [./0-9A-Za-z]; random when not given
 */
export function sha512Crypt(password: string, salt: string = randomSalt()): string {
  const key = Buffer.from(password, 'utf8');
  const saltBytes = Buffer.from(salt.slice(0, 16), 'ascii');
  const sha = (...parts: Buffer[]): Buffer =>
    parts.reduce((hash, part) => hash.update(part), createHash('sha512')).digest();

  const b = sha(key, saltBytes, key);
  const parts = [key, saltBytes, repeatTo(b, key.length)];
  for (let bits = key.length; bits > 0; bits >>= 1) parts.push((bits & 1) === 1 ? b : key);
  let digest: Buffer = sha(...parts);

  const p = repeatTo(sha(...Array.from({ length: key.length }, () => key)), key.length);
  const s = repeatTo(
    sha(...Array.from({ length: 16 + (digest[0] ?? 0) }, () => saltBytes)),
    saltBytes.length,
  );
  for (let round = 0; round < ROUNDS; round += 1) {
    const odd = (round & 1) === 1;
    digest = sha(
      odd ? p : digest,
      ...(round % 3 === 0 ? [] : [s]),
      ...(round % 7 === 0 ? [] : [p]),
      odd ? digest : p,
    );
  }
  const byte = (index: number): number => digest[index] ?? 0;
  const text =
    ORDER.map(([high, middle, low]) => encode((byte(high) << 16) | (byte(middle) << 8) | byte(low), 4)).join(
      '',
    ) + encode(byte(63), 2);
  return `$6$${saltBytes.toString('ascii')}$${text}`;
}

function randomSalt(): string {
  return [...randomBytes(16)].map((byte) => ALPHABET[byte & 63]).join('');
}

function repeatTo(block: Buffer, length: number): Buffer {
  return Buffer.concat(Array.from({ length: Math.ceil(length / block.length) }, () => block)).subarray(
    0,
    length,
  );
}

function encode(value: number, characters: number): string {
  let text = '';
  for (let rest = value, index = 0; index < characters; index += 1, rest >>= 6) text += ALPHABET[rest & 63];
  return text;
}
