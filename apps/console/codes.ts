import { errorsOf, type Catalogue } from '#runtime';

export const CONSOLE_CODES = {
  'machine.not_found': {
    status: 404,
    when: 'There is no machine of that id.',
    remedy: 'GET /api/machines lists them',
  },
  'event.not_found': {
    status: 404,
    when: 'The machine has no event of that id, or no longer.',
    remedy: 'GET /api/machines/{id}/events lists them',
  },
  'machine.exists': {
    status: 409,
    when: 'The id is registered already with other values.',
    remedy: 'send the values that it has, or leave id out',
  },
  'machine.busy': {
    status: 409,
    when: 'The machine has open executions.',
    remedy: 'cancel them, or add ?force=true',
  },
  'machine.unregistered': {
    status: 409,
    when: 'The machine was seen by a gateway and is not registered.',
    remedy: 'POST /api/machines with its id',
  },
  'script.not_found': {
    status: 404,
    when: 'There is no script of that id.',
    remedy: 'GET /api/scripts lists them',
  },
  'sealing.no_key': {
    status: 503,
    when: 'The console has no SEALING_KEY, whose public half passwords are sealed to.',
    remedy: 'set SEALING_KEY for console and media; standalone makes it',
  },
  'execution.not_found': {
    status: 404,
    when: 'There is no execution of that id.',
    remedy: 'GET /api/executions lists them',
  },
  'execution.final': {
    status: 409,
    when: 'The execution to be cancelled has ended already.',
    remedy: 'nothing: there is nothing to cancel',
  },
  'streams.too_many': {
    status: 429,
    when: 'The token has 20 streams open.',
    remedy: 'close one of them, or follow with another token',
  },
  'series.not_found': {
    status: 404,
    when: 'There is no series of that id.',
    remedy: 'take the seriesId of one of its executions',
  },
  'command.not_found': {
    status: 404,
    when: 'The machine has no command of that id.',
    remedy: 'take the id that POST /api/machines/{id}/commands answered with',
  },
  'commands.too_many': {
    status: 429,
    when: 'Too many commands of the machine wait for their answer.',
    remedy: 'ask again when one of them has it',
  },
  'cursor.invalid': {
    status: 400,
    when: 'The cursor is none that this list gave.',
    remedy: 'use the nextCursor of the page before, or leave cursor out for the first page',
  },
  'idempotency.key_reused': {
    status: 409,
    when: 'The Idempotency-Key, or the requestId over the bus, was used with another body.',
    remedy: 'take a new key for another request',
  },
  'idempotency.in_progress': {
    status: 409,
    retryAfterSeconds: 5,
    when: 'The first request with this Idempotency-Key is still making its medium.',
    remedy: 'try again in some seconds, under the same key',
  },
} as const satisfies Catalogue;

export class ConsoleError extends errorsOf(CONSOLE_CODES) {}
