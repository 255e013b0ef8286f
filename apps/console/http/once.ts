import { createHmac } from 'node:crypto';
import { IdempotencyKey, takeIdempotencyKey, type Work } from '#db';
import type { AppError } from '#runtime';
import { ConsoleError } from '../codes.js';

/** A request that may arrive more than once. */
export interface RequestKey {
  /** Who asks for what: a key means nothing outside it. */
  scope: string;
  key: string;
  /** `bodyHash` of what was asked. */
  body: string;
}

/** Bodies hold passwords: their hashes are keyed, so that nobody can try words against a dump. */
export function bodyHash(secret: string, body: unknown): string {
  return createHmac('sha256', secret)
    .update(JSON.stringify(body ?? null))
    .digest('hex');
}

/**
 * Runs a change once per key, in the caller's transaction: whoever comes second waits for the first and gets
 * its answer.
 * @throws AppError `idempotency.key_reused` (409) when the key was used for something else
 */
export async function once<T>(work: Work, request: RequestKey, run: () => Promise<T>): Promise<T> {
  const id = await takeIdempotencyKey(work, { ...request, bodySha256: request.body });
  if (id === null) {
    const { scope, key } = request;
    return answerOf<T>(await work.findOneOrFail(IdempotencyKey, { scope, key }), request);
  }
  const result = await run();
  await work.nativeUpdate(IdempotencyKey, { id }, { status: 200, response: result });
  return result;
}

/**
 * What a request under this key was answered, for checks that would not come out the same again; undefined
 * when there was none.
 * @throws AppError `idempotency.key_reused` (409) when the key was used for something else
 */
export async function earlierAnswer<T>(work: Work, request: RequestKey): Promise<T | undefined> {
  const { scope, key } = request;
  const known = await work.findOne(IdempotencyKey, { scope, key });
  return known ? answerOf<T>(known, request) : undefined;
}

function answerOf<T>(known: IdempotencyKey, { body }: RequestKey): T {
  if (known.bodySha256 !== body) throw keyReused('requestId');
  return known.response as T;
}

export const keyReused = (name: string): AppError =>
  new ConsoleError('idempotency.key_reused', `${name}: was used with another body; take a new one`);
