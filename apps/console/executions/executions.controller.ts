import {
  Body,
  Controller,
  Get,
  Header,
  HttpCode,
  Inject,
  type MessageEvent,
  Param,
  Post,
  Query,
  Req,
  Sse,
  UseGuards,
  UseInterceptors,
} from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import type { Observable } from 'rxjs';
import { z } from 'zod';
import { type ExecutionDto, type ExplanationDto, ListExecutions, ScheduleExecutions, uuid } from '#protocol';
import { AccessGuard } from '#app';
import { validated } from '#runtime';
import { actorOf } from '../http/actor.js';
import { ExecutionExistsGuard } from './execution-exists.guard.js';
import { ExecutionEventsService } from './execution-events.service.js';
import { ExecutionsService } from './executions.service.js';
import { ScheduleService } from './schedule.service.js';
import { IdempotencyInterceptor } from '../http/idempotency.interceptor.js';

const OutputQuery = z.strictObject({
  stream: z.enum(['stdout', 'stderr'], { error: 'must be stdout or stderr' }).default('stdout'),
});

@UseGuards(AccessGuard)
@UseInterceptors(IdempotencyInterceptor)
@Controller('api/executions')
export class ExecutionsController {
  constructor(
    @Inject(ExecutionsService) private readonly executions: ExecutionsService,
    @Inject(ScheduleService) private readonly scheduling: ScheduleService,
    @Inject(ExecutionEventsService) private readonly live: ExecutionEventsService,
  ) {}

  @Post()
  schedule(
    @Body(validated(ScheduleExecutions)) body: ScheduleExecutions,
    @Req() request: FastifyRequest,
  ): Promise<{ items: ExecutionDto[] }> {
    return this.scheduling.schedule(body, actorOf(request));
  }

  @Get()
  list(
    @Query(validated(ListExecutions)) query: ListExecutions,
  ): Promise<{ items: ExecutionDto[]; nextCursor: string | null }> {
    return this.executions.list(query);
  }

  @Get(':id')
  get(@Param('id', validated(uuid)) id: string): Promise<ExecutionDto> {
    return this.executions.get(id);
  }

  @Get(':id/output')
  @Header('Content-Type', 'text/plain; charset=utf-8')
  output(
    @Param('id', validated(uuid)) id: string,
    @Query(validated(OutputQuery)) query: z.output<typeof OutputQuery>,
  ): Promise<string> {
    return this.executions.output(id, query.stream);
  }

  @Sse(':id/events')
  @UseGuards(ExecutionExistsGuard)
  events(@Param('id', validated(uuid)) id: string): Observable<MessageEvent> {
    return this.live.follow(id);
  }

  @Get(':id/explanation')
  explanation(@Param('id', validated(uuid)) id: string): Promise<ExplanationDto> {
    return this.executions.explanation(id);
  }

  @Post(':id/cancel')
  @HttpCode(202)
  cancel(@Param('id', validated(uuid)) id: string, @Req() request: FastifyRequest): Promise<ExecutionDto> {
    return this.executions.cancel(id, actorOf(request));
  }
}

@UseGuards(AccessGuard)
@UseInterceptors(IdempotencyInterceptor)
@Controller('api/series')
export class SeriesController {
  constructor(@Inject(ExecutionsService) private readonly executions: ExecutionsService) {}

  @Post(':id/stop')
  @HttpCode(200)
  stop(
    @Param('id', validated(uuid)) id: string,
    @Req() request: FastifyRequest,
  ): Promise<{ seriesId: string; cancelled: string[] }> {
    return this.executions.stopSeries(id, actorOf(request));
  }
}
