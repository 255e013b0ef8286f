import { randomUUID } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import {
  adoptMachine,
  Database,
  databaseNow,
  deleteMachine,
  Download,
  findPage,
  Machine,
  MachineEvent,
  recordAudit,
} from '#db';
import {
  BusEvents,
  type CreateMachine,
  type DownloadDto,
  type MachineDto,
  type MachineEventDto,
  type MachineHealthDto,
  type ListMachines,
  type Page,
  type PageQuery,
} from '#protocol';
import { Bus } from '#runtime';
import { ConsoleError } from '../codes.js';
import type { Actor } from '../http/by.js';
import { Idempotency, type RequestKey } from '../http/idempotency.js';
import { explainChannel } from '../executions/explain.js';
import { pageRequest, toPage } from '../http/page.js';
import { toDownloadDto, toEventDto, toMachineDto } from './machine.dto.js';

@Injectable()
export class MachinesService {
  constructor(
    private readonly database: Database,
    private readonly bus: Bus,
    private readonly idempotency: Idempotency,
  ) {}

  /** @throws AppError `machine.exists` (409) when the id is registered with other values */
  async create(request: CreateMachine, actor: Actor, key: RequestKey | null): Promise<MachineDto> {
    const machine = await this.idempotency.once(key, async (work) => {
      const id = request.id ?? randomUUID();
      const { machine: row, existed } = await adoptMachine(work, { ...request, id });
      if (existed) {
        const differs =
          row.name !== request.name ||
          (request.os && row.os !== request.os) ||
          (request.hostId && row.hostId !== request.hostId);
        if (differs)
          throw new ConsoleError(
            'machine.exists',
            `id: the machine ${id} is registered already with other values`,
          );
        return toMachineDto(row);
      }
      await recordAudit(work, {
        actor: actor.name,
        action: 'machine.create',
        subjectType: 'machine',
        subjectId: id,
        after: { name: row.name, os: row.os, hostId: row.hostId },
        correlationId: actor.correlationId,
      });
      return toMachineDto(row);
    });
    this.bus.emit(BusEvents.wake(null), { machineId: machine.id });
    return machine;
  }

  async list({ name, ...page }: ListMachines): Promise<Page<MachineDto>> {
    const where = name === undefined ? {} : { name };
    const rows = await findPage(this.database.work(), Machine, where, pageRequest(page));
    return toPage(rows, page.limit, toMachineDto);
  }

  async get(id: string): Promise<MachineDto> {
    return toMachineDto(await this.find(id));
  }

  /** @throws AppError `machine.busy` (409) while rows are open, unless forced: then they are cancelled */
  async remove(id: string, force: boolean, actor: Actor): Promise<void> {
    await this.database.transaction(async (work) => {
      const result = await deleteMachine(work, id, { force });
      if (!result) throw notFound(id);
      if (!result.deleted) {
        throw new ConsoleError(
          'machine.busy',
          `the machine has ${result.open} open execution(s): cancel them or add ?force=true`,
        );
      }
      await recordAudit(work, {
        actor: actor.name,
        action: 'machine.delete',
        subjectType: 'machine',
        subjectId: id,
        before: { openExecutions: result.open },
        correlationId: actor.correlationId,
      });
    });
  }

  /** Is InfiniService installed and talking? In words. */
  async health(id: string): Promise<MachineHealthDto> {
    const machine = await this.find(id);
    const now = await databaseNow(this.database.work());
    const common = {
      machineId: id,
      channel: machine.channel,
      identity: machine.identity,
      installedBy: machine.provedMedium,
      agentVersion: machine.agentVersion,
      lastSeenAt: machine.lastSeenAt?.toISOString() ?? null,
      install: null,
    };
    const trouble = explainChannel(machine, now);
    if (trouble)
      return {
        ...common,
        ok: false,
        code: trouble.code,
        message: trouble.message,
        remedy: trouble.remedy,
      };
    if (!machine.registered)
      return {
        ...common,
        ok: false,
        code: 'machine_unregistered',
        message: 'InfiniService speaks, and nobody registered this machine: it gets no scripts',
        remedy: 'POST /api/machines with its id',
      };
    if (machine.secret === 'missing') {
      return {
        ...common,
        ok: true,
        code: 'agent_unsigned',
        message: 'InfiniService is talking; it has no channel secret and believes every line',
        remedy: 'give it INFINISERVICE_SHARED_SECRET, which new media carry',
      };
    }
    return {
      ...common,
      ok: true,
      code: 'ok',
      message: `InfiniService ${machine.agentVersion ?? ''} is installed and talking`,
      remedy: null,
    };
  }

  /** What happened to it. */
  events(id: string, page: PageQuery): Promise<Page<MachineEventDto>> {
    return this.eventsOf(id, { $ne: 'metrics' }, page, ['data']);
  }

  /** What its agent measured. */
  metrics(id: string, page: PageQuery): Promise<Page<MachineEventDto>> {
    return this.eventsOf(id, 'metrics', page, []);
  }

  /** One of its events, with its data. @throws AppError `event.not_found` (404) */
  async event(machineId: string, id: string): Promise<MachineEventDto> {
    const row = await this.database.work().findOne(MachineEvent, { id, machineId });
    if (!row) throw new ConsoleError('event.not_found', `the machine has no event ${id}`);
    return toEventDto(row);
  }

  private async eventsOf(
    id: string,
    kind: 'metrics' | { $ne: 'metrics' },
    page: PageQuery,
    exclude: readonly 'data'[],
  ): Promise<Page<MachineEventDto>> {
    await this.find(id);
    const where = { machineId: id, kind };
    const rows = await findPage(this.database.work(), MachineEvent, where, pageRequest(page), {
      exclude: [...exclude],
    });
    return toPage(rows, page.limit, toEventDto);
  }

  async downloads(id: string, page: PageQuery): Promise<Page<DownloadDto>> {
    await this.find(id);
    const rows = await findPage(this.database.work(), Download, { machineId: id }, pageRequest(page));
    return toPage(rows, page.limit, (download) => toDownloadDto(id, download));
  }

  private async find(id: string): Promise<Machine> {
    const machine = await this.database.work().findOne(Machine, { id });
    if (!machine) throw notFound(id);
    return machine;
  }
}

const notFound = (id: string): ConsoleError =>
  new ConsoleError('machine.not_found', `there is no machine ${id}`);
