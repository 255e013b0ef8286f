import { type CanActivate, type ExecutionContext, Inject, Injectable } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import { uuid } from '#protocol';
import { parse } from '#runtime';
import { ExecutionsService } from './executions.service.js';

/** Refuses a stream for an execution that does not exist: once Nest has begun a stream its head is out, and no error can be told. */
@Injectable()
export class ExecutionExistsGuard implements CanActivate {
  constructor(@Inject(ExecutionsService) private readonly executions: ExecutionsService) {}

  async canActivate(context: ExecutionContext): Promise<boolean> {
    const { params } = context.switchToHttp().getRequest<FastifyRequest<{ Params: { id: string } }>>();
    await this.executions.get(parse(uuid, params.id));
    return true;
  }
}
