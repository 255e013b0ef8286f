import { Controller, Get, Header, Inject, Param, Req, Res } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { Database, takeRunContent } from '#db';
import { LOGGER, type Logger } from '#runtime';
import { FailedTokens } from './failed-tokens.js';
import { DistributionError } from '../codes.js';

/** Texts of runs for agents that cannot take them over the channel. */
@Controller('infiniservice/run')
export class RunsController {
  constructor(
    @Inject(Database) private readonly database: Database,
    @Inject(LOGGER) private readonly logger: Logger,
    @Inject(FailedTokens) private readonly failed: FailedTokens,
  ) {}

  /** The token is all that a guest shows; it is good for one answer. */
  @Get(':token')
  @Header('Content-Type', 'application/octet-stream')
  @Header('Cache-Control', 'no-store')
  async content(
    @Param('token') token: string,
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<string> {
    this.failed.check(request, reply);
    const run = await takeRunContent(this.database.work(), token);
    if (!run) {
      this.failed.count(request);
      throw new DistributionError(
        'run.not_found',
        'there is nothing to fetch: the token is unknown, was used already, or is too old',
      );
    }
    const { machineId, executionId } = run;
    this.logger.info({ machineId, executionId }, 'a run was fetched');
    return run.content;
  }
}
