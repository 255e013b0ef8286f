import { FAMILY_RULES, type MediaRequest } from '#protocol';
import { sha512Crypt } from './crypt.js';
import { invalidRequest } from '#runtime';
import { seal, unseal } from './seal.js';

interface WithPasswords {
  vmId: string;
  os: Pick<MediaRequest['os'], 'family'>;
  users: {
    name: string;
    password?: string | undefined;
    passwordHash?: string | undefined;
    passwordSealed?: string | undefined;
  }[];
}

/** A sealed password opens for its user on its machine only. */
const context = (vmId: string, user: string): string => `media:${vmId}:${user}`;

/**
 * Turns each plain password of a media request into its crypt hash or, for a family whose answer file needs the password itself, seals it:
 * no row, log or message ever holds it.
 * @throws AppError `request.invalid` (400) for such a family without SECRETS_KEY
 */
export function sealPasswords<R extends WithPasswords>(request: R, secretsKey: string | undefined): R {
  const isSealed = FAMILY_RULES[request.os.family].passwords === 'sealed';
  if (isSealed && secretsKey === undefined) {
    const issues = request.users.flatMap(({ password }, index) =>
      password === undefined
        ? []
        : [
            {
              path: `users.${index}.password`,
              message: 'there is no SECRETS_KEY to seal it under',
              remedy: 'set SECRETS_KEY for console and media',
            },
          ],
    );
    if (issues.length > 0) throw invalidRequest(issues);
  }
  return {
    ...request,
    users: request.users.map(({ password, ...user }) => {
      if (password === undefined) return user;
      return isSealed
        ? { ...user, passwordSealed: seal(secretsKey ?? '', context(request.vmId, user.name), password) }
        : { ...user, passwordHash: sha512Crypt(password) };
    }),
  };
}

/**
 * The sealed passwords of a request by user name, for the one place that needs them.
 * @throws AppError `request.invalid` (400) with every one that does not open
 */
export function openPasswords(
  { vmId, users }: WithPasswords,
  secretsKey: string | undefined,
): ReadonlyMap<string, string> {
  const opened = new Map<string, string>();
  const issues: { path: string; message: string; remedy: string }[] = [];
  users.forEach(({ name, passwordSealed }, index) => {
    if (passwordSealed === undefined) return;
    try {
      if (secretsKey === undefined) throw new Error('there is no SECRETS_KEY');
      opened.set(name, unseal(secretsKey, context(vmId, name), passwordSealed));
    } catch {
      issues.push({
        path: `users.${index}.passwordSealed`,
        message: 'does not open: it was sealed for another machine or user, or under another SECRETS_KEY',
        remedy: 'send password over HTTP again',
      });
    }
  });
  if (issues.length > 0) throw invalidRequest(issues);
  return opened;
}
