import { Body, Get, Header, type MessageEvent, Param, Post, Query, Sse, UseGuards } from '@nestjs/common';
import { getSchemaPath } from '@nestjs/swagger';
import type { Observable } from 'rxjs';
import { z } from 'zod';
import { type Draft, draftOf } from '#app';
import {
  ExecutionDto,
  ExplanationDto,
  ListExecutions,
  outputStream,
  type Page,
  pageOf,
  ScheduledExecutions,
  ScheduleExecutions,
  uuid,
} from '#protocol';
import { Answers } from '../http/answers.js';
import { type Actor, By, Key } from '../http/by.js';
import type { RequestKey } from '../http/idempotency.js';
import { OperatorApi } from '../http/operator-api.js';
import { ExecutionEventsService } from './execution-events.service.js';
import { ExecutionExistsGuard } from './execution-exists.guard.js';
import { ExecutionsService } from './executions.service.js';
import { ScheduleService } from './schedule.service.js';

const ExecutionPage = pageOf(ExecutionDto, 'ExecutionPage');

const ScheduleDraft = draftOf(ScheduleExecutions);

const OutputQuery = z.strictObject({ stream: outputStream.default('stdout') });

@OperatorApi('executions', 'Executions')
export class ExecutionsController {
  constructor(
    private readonly executions: ExecutionsService,
    private readonly scheduling: ScheduleService,
    private readonly live: ExecutionEventsService,
  ) {}

  @Post()
  @Answers({
    summary: 'Schedule a script on machines',
    status: 201,
    body: ScheduledExecutions,
    refuses: [400, 409, 413, 415],
  })
  scheduleExecutions(
    @Body({ schema: ScheduleDraft }) body: Draft<ScheduleExecutions>,
    @By() by: Actor,
    @Key() key: RequestKey | null,
  ): Promise<ScheduledExecutions> {
    return this.scheduling.schedule(body, by, key);
  }

  @Get()
  @Answers({ summary: 'List executions', body: ExecutionPage, refuses: [400] })
  listExecutions(@Query({ schema: ListExecutions }) query: ListExecutions): Promise<Page<ExecutionDto>> {
    return this.executions.list(query);
  }

  @Get(':id')
  @Answers({ summary: 'One execution', body: ExecutionDto, refuses: [400, 404] })
  getExecution(@Param('id', { schema: uuid }) id: string): Promise<ExecutionDto> {
    return this.executions.get(id);
  }

  @Get(':id/output')
  @Header('Content-Type', 'text/plain; charset=utf-8')
  @Answers({
    summary: 'What it printed so far',
    words: 'The text of the stream.',
    content: { 'text/plain': { schema: { type: 'string' } } },
    refuses: [400, 404],
  })
  getExecutionOutput(
    @Param('id', { schema: uuid }) id: string,
    @Query({ schema: OutputQuery }) query: z.output<typeof OutputQuery>,
  ): Promise<string> {
    return this.executions.output(id, query.stream);
  }

  @Sse(':id/events')
  @UseGuards(ExecutionExistsGuard)
  @Answers({
    summary: 'Follow it live',
    description:
      'Server-sent events: `status` with the row, first of all and after each change, and `output` with a piece of a stream.' +
      ' The stream ends after the status that is final.',
    words: 'Server-sent events; the schema is that of one of them.',
    content: { 'text/event-stream': { schema: { $ref: getSchemaPath('ExecutionEvent') } } },
    refuses: [400, 404, 429],
  })
  followExecution(@Param('id', { schema: uuid }) id: string, @By() by: Actor): Observable<MessageEvent> {
    return this.live.follow(id, by.name);
  }

  @Get(':id/explanation')
  @Answers({ summary: 'Why it is where it is', body: ExplanationDto, refuses: [400, 404] })
  explainExecution(@Param('id', { schema: uuid }) id: string): Promise<ExplanationDto> {
    return this.executions.explanation(id);
  }

  @Post(':id/cancel')
  @Answers({
    summary: 'Ask for its end',
    description: 'A PENDING one is CANCELLED at once, a RUNNING one when its agent has ended it.',
    status: 202,
    body: ExecutionDto,
    refuses: [400, 404, 409],
  })
  cancelExecution(
    @Param('id', { schema: uuid }) id: string,
    @By() by: Actor,
    @Key() key: RequestKey | null,
  ): Promise<ExecutionDto> {
    return this.executions.cancel(id, by, key);
  }
}
