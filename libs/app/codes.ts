import { errorsOf, type Catalogue } from '#runtime';

/** Who may ask at all, and what keeps an app from listening. */
export const APP_CODES = {
  'auth.required': {
    status: 401,
    when: 'There is no token in the header, or it is unknown or revoked. A token in the URL is not read.',
    remedy: 'send the console token as "Authorization: Bearer <token>"',
  },
  'auth.host_refused': {
    status: 403,
    when: 'The Host header names another machine, as DNS rebinding does.',
    remedy: 'call it by its address, or put the name into CONSOLE_HOST',
  },
  'auth.origin_refused': {
    status: 403,
    when: 'A page of another origin sent the request.',
    remedy: 'call it from a program, or from a page of the same origin',
  },
  'idempotency.invalid_key': {
    status: 400,
    when: 'The Idempotency-Key is not 1 to 255 visible ASCII characters.',
    remedy: 'take a UUID',
  },
  'listen.failed': {
    status: 500,
    atStart: true,
    when: 'The address that the app is to listen on cannot be had.',
    remedy: 'stop what holds the port, or set another',
  },
  'connections.too_many': {
    status: 429,
    when: 'The address has too many connections open; the answer has no correlationId, for nothing was read.',
    remedy: 'close some of them, or raise GUEST_CONNECTIONS',
  },
} as const satisfies Catalogue;

export class HostError extends errorsOf(APP_CODES) {}
