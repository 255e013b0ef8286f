import { type CanActivate, type ExecutionContext, Injectable } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import { uuid } from '#protocol';
import { ExecutionsService } from './executions.service.js';

/**
 * Refuses a stream for an execution that does not exist: once Nest has begun a stream its head is out, and no
 * error can be told.
 */
@Injectable()
export class ExecutionExistsGuard implements CanActivate {
  constructor(private readonly executions: ExecutionsService) {}

  async canActivate(context: ExecutionContext): Promise<boolean> {
    const { params } = context.switchToHttp().getRequest<FastifyRequest<{ Params: { id: string } }>>();
    const id = uuid.safeParse(params.id);
    // What is no id at all is refused by the route, with its path.
    if (id.success) await this.executions.get(id.data);
    return true;
  }
}
