import { type BeforeApplicationShutdown, Injectable } from '@nestjs/common';
import {
  createCommand,
  Database,
  findPage,
  Machine,
  MachineCommand,
  MachinesGoneError,
  OPEN_COMMANDS_LIMIT,
  recordAudit,
} from '#db';
import {
  BusEvents,
  type CommandDto,
  type CreateCommand,
  isOpenCommand,
  type Page,
  type PageQuery,
} from '#protocol';
import { Bus } from '#runtime';
import {
  filter,
  firstValueFrom,
  interval,
  merge,
  startWith,
  Subject,
  switchMap,
  takeUntil,
  timer,
} from 'rxjs';
import { ConsoleError } from '../codes.js';
import type { Actor } from '../http/by.js';
import { Idempotency, type RequestKey } from '../http/idempotency.js';
import { MachinesService } from '../machines/machines.service.js';
import { pageRequest, toPage } from '../http/page.js';
import { toCommandDto } from './command.dto.js';

/** A ring may get lost, so whoever waits looks at the row this often anyway. */
const LOOK_EVERY_MS = 1000;

@Injectable()
export class CommandsService implements BeforeApplicationShutdown {
  private readonly changed = new Subject<string>();
  private readonly stopping = new Subject<void>();

  constructor(
    private readonly database: Database,
    private readonly bus: Bus,
    private readonly machines: MachinesService,
    private readonly idempotency: Idempotency,
  ) {}

  /** A command was sent, answered or given up: whoever waits for it looks at its row. */
  ring(commandId: string): void {
    this.changed.next(commandId);
  }

  /** The server waits for open answers: they have to end before it. */
  beforeApplicationShutdown(): void {
    this.stopping.next();
  }

  /**
   * @param waitMs how long to wait for the answer; without one the command is returned as it is
   * @throws AppError `machine.not_found` (404), `machine.unregistered` (409), `commands.too_many` (429),
   * `database.reserve` (507)
   */
  async create(
    machineId: string,
    request: CreateCommand,
    waitMs: number,
    actor: Actor,
    key: RequestKey | null,
  ): Promise<CommandDto> {
    await this.database.reserve.require('no command is taken');
    const { timeoutSeconds, ...kept } = request;
    const asked = await this.idempotency.once(key, async (work) => {
      const machine = await work.findOne(Machine, { id: machineId });
      if (!machine) throw new ConsoleError('machine.not_found', `there is no machine ${machineId}`);
      if (!machine.registered) {
        throw new ConsoleError(
          'machine.unregistered',
          `the machine ${machineId} is not registered: POST /api/machines with its id`,
        );
      }
      const command = await createCommand(work, {
        machineId,
        request: kept,
        timeoutSeconds,
        triggeredBy: actor.name,
      }).catch((error: unknown) => {
        if (!(error instanceof MachinesGoneError)) throw error;
        throw new ConsoleError('machine.not_found', `the machine ${machineId} was deleted this moment`);
      });
      if (!command) {
        throw new ConsoleError(
          'commands.too_many',
          `${OPEN_COMMANDS_LIMIT} commands of this machine wait for their answer: ask again when one has it`,
        );
      }
      await recordAudit(work, {
        actor: actor.name,
        action: 'machine.command',
        subjectType: 'machine',
        subjectId: machineId,
        after: { commandId: command.id, ...kept },
        correlationId: actor.correlationId,
        createdAt: command.createdAt,
      });
      return { command: toCommandDto(command), hostId: machine.hostId };
    });
    const { id: commandId } = asked.command;
    const answered = this.answerOf(commandId, waitMs);
    this.bus.emit(BusEvents.command(asked.hostId), { commandId, machineId });
    await answered;
    const row = await this.database.work().findOne(MachineCommand, { id: commandId });
    // Asked again under its key after the machine was removed, and its commands with it.
    return row ? toCommandDto(row) : asked.command;
  }

  async list(machineId: string, page: PageQuery): Promise<Page<CommandDto>> {
    await this.machines.get(machineId);
    const rows = await findPage(this.database.work(), MachineCommand, { machineId }, pageRequest(page), {
      exclude: ['stdout', 'stderr', 'data'],
    });
    return toPage(rows, page.limit, toCommandDto);
  }

  async get(machineId: string, id: string): Promise<CommandDto> {
    const row = await this.database.work().findOne(MachineCommand, { id, machineId });
    if (!row) throw new ConsoleError('command.not_found', `the machine has no command ${id}`);
    return toCommandDto(row);
  }

  /** Resolves when the command has ended, the time is over or the app stops. */
  private async answerOf(id: string, waitMs: number): Promise<void> {
    if (waitMs === 0) return;
    const rings = this.changed.pipe(filter((commandId) => commandId === id));
    const ended = merge(rings, interval(LOOK_EVERY_MS)).pipe(
      startWith(null),
      switchMap(() => this.database.work().findOne(MachineCommand, { id })),
      filter((row) => row === null || !isOpenCommand(row.state)),
      takeUntil(merge(timer(waitMs), this.stopping)),
    );
    await firstValueFrom(ended, { defaultValue: null });
  }
}
