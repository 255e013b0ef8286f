import { Inject, Injectable, type OnModuleInit } from '@nestjs/common';
import {
  Database,
  Machine,
  recordAudit,
  scheduleExecutions,
  Script,
  ScriptVersion,
  storedInputs,
  toExecutionDto,
} from '#db';
import { BusEvents, BusRequests, checkInputs, type ExecutionDto, type ScheduleExecutions } from '#protocol';
import { AppError, Bus, invalidRequest, type Issue } from '#runtime';
import type { Actor } from '../access/actor.js';
import { CONSOLE_CONFIG } from '../console-config.js';
import type { ConsoleConfig } from '../config.js';
import { zonedTimeToInstant } from '../core/local-time.js';

/** Turns a request into rows: all machines or none, with every fault listed. */
@Injectable()
export class ScheduleService implements OnModuleInit {
  constructor(
    @Inject(Database) private readonly database: Database,
    @Inject(Bus) private readonly bus: Bus,
    @Inject(CONSOLE_CONFIG) private readonly config: ConsoleConfig,
  ) {}

  onModuleInit(): void {
    const { pattern, schema } = BusRequests.scriptSchedule;
    this.bus.onRequest(pattern, schema, ({ request, requestId, requestedBy }) =>
      this.schedule(request, { name: requestedBy, correlationId: requestId }),
    );
  }

  async schedule(request: ScheduleExecutions, actor: Actor): Promise<{ items: ExecutionDto[] }> {
    const work = this.database.work();
    const issues: Issue[] = [];
    const script = await work.findOne(Script, { id: request.scriptId });
    const version =
      script &&
      (await work.findOne(ScriptVersion, {
        scriptId: script.id,
        version: request.scriptVersion ?? script.version,
      }));
    if (!script)
      issues.push({
        path: 'scriptId',
        message: `there is no script ${request.scriptId}`,
        remedy: 'GET /api/scripts lists them',
      });
    else if (!version)
      issues.push({
        path: 'scriptVersion',
        message: `the script has no version ${request.scriptVersion}`,
        remedy: `its newest is ${script.version}`,
      });
    const machines = await work.find(Machine, { id: { $in: request.machineIds } });
    this.checkMachines(request, machines, version, issues);
    const checked = version ? checkInputs(version, request.inputs ?? {}) : { values: {}, faults: [] };
    issues.push(...checked.faults);
    const usesPasswords = version?.inputs.some((input) => input.type === 'password') ?? false;
    const { SECRETS_KEY: secretsKey } = this.config;
    if (usesPasswords && secretsKey === undefined) {
      issues.push({
        path: 'inputs',
        message: 'the script takes a password and this console has no SECRETS_KEY to seal it',
        remedy: 'set SECRETS_KEY',
      });
    }
    if (issues.length > 0 || !version) throw invalidRequest(issues);

    const scheduledFor = timeOf(request);
    const rows = await this.database.transaction(async (transaction) => {
      const inserted = await scheduleExecutions(
        transaction,
        request.machineIds.map((machineId) => ({
          machineId,
          scriptId: request.scriptId,
          scriptVersion: version.version,
          scheduledFor,
          repeatIntervalMinutes: request.repeatIntervalMinutes ?? null,
          maxExecutions: request.maxExecutions ?? null,
          deliverBy: request.deliverBy ? new Date(request.deliverBy) : null,
          inputValues: storedInputs(request.scriptId, version.inputs, checked.values, secretsKey ?? ''),
          timeoutSeconds: request.timeoutSeconds ?? version.timeoutSeconds,
          runAs: request.runAs ?? version.runAs,
          order: request.order ?? 0,
          triggeredBy: actor.name,
        })),
      );
      for (const row of inserted) {
        await recordAudit(transaction, {
          actor: actor.name,
          action: 'execution.schedule',
          subjectType: 'execution',
          subjectId: row.id,
          after: {
            scriptId: row.scriptId,
            scriptVersion: row.scriptVersion,
            machineId: row.machineId,
            scheduledFor: row.scheduledFor.toISOString(),
          },
          correlationId: actor.correlationId,
        });
      }
      return inserted;
    });
    // The rows are the fact; the ring only says: look now.
    const hosts = new Map(machines.map(({ id, hostId }) => [id, hostId]));
    for (const { machineId } of rows)
      this.bus.emit(BusEvents.wake(hosts.get(machineId) ?? null), { machineId });
    return { items: rows.map(toExecutionDto) };
  }

  private checkMachines(
    request: ScheduleExecutions,
    machines: Machine[],
    version: ScriptVersion | null,
    issues: Issue[],
  ): void {
    request.machineIds.forEach((id, index) => {
      const machine = machines.find((candidate) => candidate.id === id);
      const path = `machineIds.${index}`;
      if (!machine)
        issues.push({
          path,
          message: `there is no machine ${id}`,
          remedy: 'POST /api/machines or make its medium first',
        });
      else if (!machine.registered)
        issues.push({
          path,
          message: `the machine ${id} is not registered`,
          remedy: 'POST /api/machines with its id',
        });
      else if (version && machine.os !== null && !version.platforms.includes(machine.os)) {
        issues.push({
          path,
          message: `the script is for ${version.platforms.join(' and ')}, the machine runs ${machine.os}`,
          remedy: 'choose another script or machine',
        });
      }
    });
  }
}

/** Null means now, by the database's clock. @throws AppError when a time cannot be read */
function timeOf({ scheduledFor, timeZone }: ScheduleExecutions): Date | null {
  if (scheduledFor === undefined) return null;
  const instant =
    timeZone === undefined ? new Date(scheduledFor) : zonedTimeToInstant(scheduledFor, timeZone);
  if (Number.isNaN(instant.getTime()))
    throw new AppError('request.invalid', 400, 'scheduledFor: is not a time');
  return instant;
}
