import { createHmac } from 'node:crypto';
import {
  FAMILY_RULES,
  type Fault,
  faultsOf,
  type MediaRequest,
  openSealedPassword,
  type PasswordOwner,
  plainPassword,
} from '#protocol';
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
 * Salts that are a request's own, and the same each time it is sent.
 * @param secret nobody else can tell them beforehand
 */
export function saltsOf(secret: string, requestId: string): (user: string) => string {
  return (user) =>
    createHmac('sha256', secret)
      .update(JSON.stringify([requestId, user]))
      .digest('hex')
      .slice(0, 16);
}

/**
 * Turns each plain password of a media request into its crypt hash or, for a family whose answer file needs
 * the password itself, seals it: no row, log or message ever holds it.
 * @param saltOf the salt of a user's hash, up to 16 characters of [./0-9A-Za-z]; random unless given
 * @throws AppError `request.invalid` (400) for such a family without SECRETS_KEY
 */
export function sealPasswords<R extends WithPasswords>(
  request: R,
  secretsKey: string | undefined,
  saltOf?: (user: string) => string,
): R {
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
        : { ...user, passwordHash: sha512Crypt(password, saltOf?.(user.name)) };
    }),
  };
}

/**
 * What opens passwords: SECRETS_KEY what the suite sealed, SEALING_KEY what others sealed to its public half.
 */
export interface OpeningKeys {
  SECRETS_KEY?: string | undefined;
  SEALING_KEY?: string | undefined;
}

/**
 * The sealed passwords of a request by user name, for the one place that needs them.
 * @throws AppError `request.invalid` (400) with every one that does not open, or holds what no password may
 */
export function openPasswords(
  { vmId, users }: WithPasswords,
  keys: OpeningKeys,
): ReadonlyMap<string, string> {
  const opened = new Map<string, string>();
  const issues: Fault[] = [];
  users.forEach(({ name, passwordSealed }, index) => {
    if (passwordSealed === undefined) return;
    const password = openPassword({ vmId, user: name }, passwordSealed, keys);
    if (typeof password === 'string') opened.set(name, password);
    else issues.push({ path: `users.${index}.passwordSealed`, ...password });
  });
  if (issues.length > 0) throw invalidRequest(issues);
  return opened;
}

/** @returns the password, or why there is none */
function openPassword(
  owner: PasswordOwner,
  sealed: string,
  { SECRETS_KEY, SEALING_KEY }: OpeningKeys,
): string | Omit<Fault, 'path'> {
  const toPublicKey = sealed.startsWith('x1.');
  let password: string;
  try {
    if (toPublicKey) {
      if (SEALING_KEY === undefined)
        return {
          message: 'there is no SEALING_KEY to open it with',
          remedy: 'set SEALING_KEY for console and media',
        };
      password = openSealedPassword(SEALING_KEY, owner, sealed);
    } else {
      if (SECRETS_KEY === undefined)
        return {
          message: 'there is no SECRETS_KEY to open it with',
          remedy: 'set SECRETS_KEY for console and media',
        };
      password = unseal(SECRETS_KEY, context(owner.vmId, owner.user), sealed);
    }
  } catch {
    return {
      message: `does not open: it was sealed for another machine or user, or ${toPublicKey ? 'to another public key' : 'under another SECRETS_KEY'}`,
      remedy: toPublicKey
        ? 'seal it again, to the key of GET /api/sealing-key'
        : 'send password over HTTP again',
    };
  }
  // What was sealed outside was never checked.
  const { error } = plainPassword.safeParse(password);
  if (!error) return password;
  return {
    message: `holds a password that is none: ${faultsOf(error, password, plainPassword)[0]?.message}`,
    remedy: 'seal another one',
  };
}
