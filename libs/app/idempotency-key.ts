import { createHash } from 'node:crypto';
import type { FastifyRequest } from 'fastify';
import { HostError } from './codes.js';

/** An `Idempotency-Key`, and what it belongs to. */
export interface IdempotencyKeyOf {
  /** Caller, method, path and query, as one hash: a dry run and the real request are two. */
  scope: string;
  key: string;
}

const hash = (...parts: string[]): string => createHash('sha256').update(JSON.stringify(parts)).digest('hex');

/**
 * The `Idempotency-Key` of a request, or null without one.
 * @throws AppError `idempotency.invalid_key` (400)
 */
export function idempotencyKeyOf(
  request: Pick<FastifyRequest, 'headers' | 'method' | 'url' | 'caller'>,
): IdempotencyKeyOf | null {
  const key = request.headers['idempotency-key'];
  if (key === undefined) return null;
  if (typeof key !== 'string' || !/^[\x21-\x7e]{1,255}$/.test(key)) {
    throw new HostError(
      'idempotency.invalid_key',
      'Idempotency-Key: must be 1 to 255 visible ASCII characters',
    );
  }
  return { scope: hash(request.caller?.name ?? '', request.method, request.url), key };
}

/** The key as the id of a request on the bus. */
export const requestIdOf = ({ scope, key }: IdempotencyKeyOf): string => hash(scope, key);
