import { Param, Post } from '@nestjs/common';
import { StoppedSeries, uuid } from '#protocol';
import { Answers } from '../http/answers.js';
import { type Actor, By, Key } from '../http/by.js';
import type { RequestKey } from '../http/idempotency.js';
import { OperatorApi } from '../http/operator-api.js';
import { ExecutionsService } from './executions.service.js';

@OperatorApi('series', 'Executions')
export class SeriesController {
  constructor(private readonly executions: ExecutionsService) {}

  @Post(':id/stop')
  @Answers({ summary: 'Stop a series', body: StoppedSeries, refuses: [400, 404, 409] })
  stopSeries(
    @Param('id', { schema: uuid }) id: string,
    @By() by: Actor,
    @Key() key: RequestKey | null,
  ): Promise<StoppedSeries> {
    return this.executions.stopSeries(id, by, key);
  }
}
