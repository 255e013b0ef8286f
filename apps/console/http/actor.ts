import type { FastifyRequest } from 'fastify';

/** Who changes something, and under which correlation id, for the audit. */
export interface Actor {
  name: string;
  correlationId: string;
}

export function actorOf(request: FastifyRequest): Actor {
  return { name: request.caller?.name ?? 'unknown', correlationId: request.id };
}
