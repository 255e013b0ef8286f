import { Controller, Get, Header, Inject, Param } from '@nestjs/common';
import { Database, takeRunContent } from '#db';
import { LOGGER, type Logger } from '#runtime';
import { DistributionError } from '../codes.js';

/** Texts of runs for agents that cannot take them over the channel. */
@Controller('infiniservice/run')
export class RunsController {
  constructor(
    @Inject(Database) private readonly database: Database,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {}

  /** The token is all that a guest shows; it is good for one answer. */
  @Get(':token')
  @Header('Content-Type', 'application/octet-stream')
  @Header('Cache-Control', 'no-store')
  async content(@Param('token') token: string): Promise<string> {
    const run = await takeRunContent(this.database.work(), token);
    if (!run) {
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
