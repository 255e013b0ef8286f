/**
 * What crypt(3) takes as a hash: MD5, bcrypt, SHA-256, SHA-512, yescrypt, gost-yescrypt, scrypt; each with
 * its least length after the salt.
 */
const CRYPT =
  /^(\$1\$[./A-Za-z0-9]{1,8}\$[./A-Za-z0-9]{22}|\$2[abxy]\$\d\d\$[./A-Za-z0-9]{53}|\$[56]\$(rounds=\d{1,9}\$)?[./A-Za-z0-9]{1,16}\$[./A-Za-z0-9]{43,}|\$(gy|y|7)\$[./A-Za-z0-9$,]{20,})$/;
/** passwd(1): an account without a usable password. */
const LOCKED = /^[!*]{1,2}$/;

/**
 * True for a hash that crypt(3) understands, or for a locked account. Passwords in plain words are no hashes.
 */
export const isCryptHash = (value: string): boolean =>
  LOCKED.test(value) || CRYPT.test(value.replace(/^!/, ''));

export const MAKE_A_HASH = 'give a crypt hash: mkpasswd --method=sha-512';
