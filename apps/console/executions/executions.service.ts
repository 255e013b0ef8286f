import { Injectable } from '@nestjs/common';
import {
  Database,
  databaseNow,
  findPage,
  Host,
  Machine,
  recordAudit,
  requestCancel,
  ScriptExecution,
  Series,
  stopSeries,
  toExecutionDto,
  type Work,
} from '#db';
import {
  BusEvents,
  type ExecutionDto,
  type ExplanationDto,
  type ListExecutions,
  OPEN_STATUSES,
  type OutputStream,
  type Page,
  type StoppedSeries,
} from '#protocol';
import { type AppError, Bus } from '#runtime';
import { ConsoleError } from '../codes.js';
import type { Actor } from '../http/by.js';
import { type ExplainedSeries, explain } from './explain.js';
import { Idempotency, type RequestKey } from '../http/idempotency.js';
import { pageRequest, toPage } from '../http/page.js';

@Injectable()
export class ExecutionsService {
  constructor(
    private readonly database: Database,
    private readonly bus: Bus,
    private readonly idempotency: Idempotency,
  ) {}

  async list(query: ListExecutions): Promise<Page<ExecutionDto>> {
    const { machineId, status, seriesId, from, to } = query;
    const where = {
      ...(machineId ? { machineId } : {}),
      ...(status ? { status } : {}),
      ...(seriesId ? { seriesId } : {}),
    };
    const page = {
      ...pageRequest(query),
      from: from === undefined ? undefined : new Date(from),
      to: to === undefined ? undefined : new Date(to),
    };
    // What they have printed is read of one at a time: a page of it would be many megabytes.
    const rows = await findPage(this.database.work(), ScriptExecution, where, page, {
      exclude: ['stdout', 'stderr'],
    });
    return toPage(rows, query.limit, toExecutionDto);
  }

  async get(id: string): Promise<ExecutionDto> {
    return toExecutionDto(await this.find(id));
  }

  async output(id: string, stream: OutputStream): Promise<string> {
    return (await this.find(id))[stream] ?? '';
  }

  /** Why it is where it is. */
  async explanation(id: string): Promise<ExplanationDto> {
    const row = await this.find(id);
    const work = this.database.work();
    const machine = await work.findOne(Machine, { id: row.machineId });
    const now = await databaseNow(work);
    // An unknown host: any gateway may find the machine.
    const hosts = await work.find(Host, machine?.hostId ? { id: machine.hostId } : {}, {
      orderBy: { lastSeenAt: 'desc' },
      limit: 1,
    });
    const around = {
      now,
      gatewaySilentSeconds: hosts[0] ? (now.getTime() - hosts[0].lastSeenAt.getTime()) / 1000 : null,
      running: await work.count(ScriptExecution, {
        machineId: row.machineId,
        status: 'RUNNING',
        id: { $ne: row.id },
      }),
      rebooting: machine?.bootId
        ? await work.count(ScriptExecution, {
            machineId: row.machineId,
            status: 'PENDING',
            bootId: machine.bootId,
          })
        : 0,
      earlierFirstBoot:
        row.executionType === 'FIRST_BOOT'
          ? await work.count(ScriptExecution, {
              machineId: row.machineId,
              executionType: 'FIRST_BOOT',
              mediaId: row.mediaId,
              status: { $in: [...OPEN_STATUSES] },
              order: { $lt: row.order },
            })
          : 0,
      series: row.seriesId ? await explainedSeries(work, row.seriesId) : null,
    };
    return { executionId: id, status: row.status, ...explain(row, machine, around) };
  }

  /**
   * @param key a request that arrives twice under the same one is carried out once
   * @throws AppError `execution.final` (409) when it has ended
   */
  async cancel(id: string, actor: Actor, key: RequestKey | null): Promise<ExecutionDto> {
    const execution = await this.idempotency.once(key, (work) => this.requestCancel(work, id, actor));
    const { machineId, status } = execution;
    const machine = await this.database.work().findOne(Machine, { id: machineId });
    if (status === 'RUNNING')
      this.bus.emit(BusEvents.cancel(machine?.hostId ?? null), { executionId: id, machineId });
    this.bus.emit(BusEvents.executionChanged, { executionId: id, machineId, status });
    // Later rows may have waited for this one.
    this.bus.emit(BusEvents.wake(machine?.hostId ?? null), { machineId });
    return execution;
  }

  private async requestCancel(work: Work, id: string, actor: Actor): Promise<ExecutionDto> {
    const row = await requestCancel(work, id);
    if (row === null) throw notFound(id);
    if (row === 'final') {
      throw new ConsoleError(
        'execution.final',
        `the execution ${id} has ended already: there is nothing to cancel`,
      );
    }
    await recordAudit(work, {
      actor: actor.name,
      action: 'execution.cancel',
      subjectType: 'execution',
      subjectId: id,
      after: { status: row.status },
      correlationId: actor.correlationId,
    });
    return toExecutionDto(row);
  }

  stopSeries(seriesId: string, actor: Actor, key: RequestKey | null): Promise<StoppedSeries> {
    return this.idempotency.once(key, async (work) => {
      const ids = await stopSeries(work, seriesId);
      if (ids === null) throw new ConsoleError('series.not_found', `there is no series ${seriesId}`);
      await recordAudit(work, {
        actor: actor.name,
        action: 'series.stop',
        subjectType: 'series',
        subjectId: seriesId,
        after: { cancelled: ids },
        correlationId: actor.correlationId,
      });
      return { seriesId, cancelled: ids };
    });
  }

  private async find(id: string): Promise<ScriptExecution> {
    const row = await this.database.work().findOne(ScriptExecution, { id });
    if (!row) throw notFound(id);
    return row;
  }
}

const notFound = (id: string): AppError =>
  new ConsoleError('execution.not_found', `there is no execution ${id}`);

async function explainedSeries(work: Work, id: string): Promise<ExplainedSeries | null> {
  const series = await work.findOne(Series, { id });
  if (!series) return null;
  const { stoppedAt, stopReason, executionCount, lastExecutedAt, maxExecutions, rule } = series;
  const open = await work.findOne(
    ScriptExecution,
    { seriesId: id, status: { $in: [...OPEN_STATUSES] } },
    { fields: ['status', 'scheduledFor'] },
  );
  return { stoppedAt, stopReason, executionCount, lastExecutedAt, maxExecutions, rule, open };
}
