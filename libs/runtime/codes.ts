import { errorsOf, type Catalogue } from './app-error.js';

/** What any app may answer with. */
export const RUNTIME_CODES = {
  'request.invalid': {
    status: 400,
    when: 'The body, the query, the path or a message of the bus does not fit; `issues` has every fault.',
    remedy: 'correct the request and send it again',
  },
  'request.too_large': {
    status: 413,
    when: 'The body is larger than the app takes.',
    remedy: 'send less: the console takes bodies of 1.5 MiB, and scripts of 256 KiB',
  },
  'request.unsupported_media_type': {
    status: 415,
    when: 'The body is of a content type that is not read.',
    remedy: 'send JSON, with content-type: application/json',
  },
  'route.not_found': {
    status: 404,
    when: 'The app has no such route.',
    remedy: 'correct the path: GET /openapi.json of the console lists its routes',
  },
  'route.method_not_allowed': {
    status: 405,
    when: 'The path is known and does not take this method; the header Allow names those that it takes.',
    remedy: 'use a method of the header Allow',
  },
  internal: {
    status: 500,
    when: 'Something failed inside; nothing of it is told.',
    remedy: "look at the app's log under this correlationId",
  },
  'bus.unavailable': {
    status: 503,
    when: 'Redis does not answer.',
    remedy: 'see that Redis runs at REDIS_URL, and try again',
  },
  'bus.refused': {
    status: 500,
    atStart: true,
    when: 'Redis does not take the user and password of REDIS_URL, or wants some where there are none.',
    remedy: 'correct user and password in REDIS_URL',
  },
  'bus.timeout': {
    status: 504,
    when: 'The app that listens to the pattern did not answer in time; whether it did the work is not known.',
    remedy: 'send it again under the same request id, or Idempotency-Key over HTTP: it is done once',
  },
  'bus.unsendable': {
    status: 500,
    when: 'A message for the bus cannot be written as JSON.',
    remedy: 'report it: the app made a message that is none',
  },
  'media.unavailable': {
    status: 503,
    when: 'The media app does not answer, over the bus or at MEDIA_URL.',
    remedy: 'start the media app, or look at its log',
  },
  'script.unavailable': {
    status: 503,
    when: 'The console does not answer over the bus.',
    remedy: 'start the console, or look at its log',
  },
} as const satisfies Catalogue;

export class RuntimeError extends errorsOf(RUNTIME_CODES) {}
