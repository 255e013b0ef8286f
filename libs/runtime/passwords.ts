import { sha512Crypt } from './crypt.js';

/** Turns each plain password of a media request into its crypt hash: no row, log or message ever holds the password itself. */
export function sealPasswords<
  R extends { users: { password?: string | undefined; passwordHash?: string | undefined }[] },
>(request: R): R {
  return {
    ...request,
    users: request.users.map(({ password, ...user }) =>
      password === undefined ? user : { ...user, passwordHash: sha512Crypt(password) },
    ),
  };
}
