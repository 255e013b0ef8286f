import { errorsOf, type Catalogue } from '#runtime';

/** What keeps an app from starting with the secrets that it found. */
export const SECRETS_CODES = {
  'secret.exposed': {
    status: 500,
    atStart: true,
    when: 'Others than its owner may read the file of a secret, or its owner is another user than the one that runs the app, and not root.',
    remedy: 'chmod 600 the file that the message names, or chown it',
  },
  'secret.short': {
    status: 500,
    atStart: true,
    when: 'The file of a secret holds less than 16 characters.',
    remedy: 'remove the file: a new secret is made',
  },
} as const satisfies Catalogue;

export class SecretsError extends errorsOf(SECRETS_CODES) {}
