import { createParamDecorator, type ExecutionContext } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import { idempotencyKeyOf } from '#app';
import type { RequestKey } from './idempotency.js';

/** Who changes something, and under which correlation id, for the audit. */
export interface Actor {
  name: string;
  correlationId: string;
}

/** `@By() actor: Actor`: who asks, by the token of the request. */
export const By = createParamDecorator((_: unknown, context: ExecutionContext): Actor => {
  const request = context.switchToHttp().getRequest<FastifyRequest>();
  return { name: request.caller?.name ?? 'unknown', correlationId: request.id };
});

/**
 * `@Key() key: RequestKey | null`: the `Idempotency-Key` of the request, for `Idempotency.once`.
 * @throws AppError `idempotency.invalid_key` (400)
 */
export const Key = createParamDecorator((_: unknown, context: ExecutionContext): RequestKey | null => {
  const request = context.switchToHttp().getRequest<FastifyRequest>();
  const key = idempotencyKeyOf(request);
  return key && { ...key, content: request.body, name: 'Idempotency-Key' };
});
