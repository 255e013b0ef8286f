import { createParamDecorator, type ExecutionContext } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';

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

/** `@RequestKey() key: string | undefined`: the `Idempotency-Key` of the request. */
export const RequestKey = createParamDecorator(
  (_: unknown, context: ExecutionContext): string | undefined => {
    const key = context.switchToHttp().getRequest<FastifyRequest>().headers['idempotency-key'];
    return typeof key === 'string' ? key : undefined;
  },
);
