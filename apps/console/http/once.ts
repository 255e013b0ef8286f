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
    const known = await work.findOneOrFail(IdempotencyKey, { scope: request.scope, key: request.key });
    if (known.bodySha256 !== request.body) throw keyReused('requestId');
    return known.response as T;
  }
  const result = await run();
  await work.nativeUpdate(IdempotencyKey, { id }, { status: 200, response: result });
  return result;
}

export const keyReused = (name: string): AppError =>
  new ConsoleError('idempotency.key_reused', `${name}: was used with another body; take a new one`);
