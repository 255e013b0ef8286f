import { Inject, Injectable } from '@nestjs/common';
import {
  Database,
  databaseNow,
  firstSlot,
  Machine,
  MachinesGoneError,
  parseCron,
  recordAudits,
  scheduleExecutions,
  Script,
  ScriptVersion,
  type SeriesRule,
  storedInputs,
  toExecutionDto,
  type Work,
} from '#db';
import {
  type Fault,
  BusEvents,
  checkInputs,
  type ExecutionDto,
  type InputValues,
  type ScheduledExecutions,
  type ScheduleExecutions,
} from '#protocol';
import type { Draft } from '#app';
import { judgementOf } from '#placeholders';
import { matchesWhole } from '#patterns';
import { Bus, invalidRequest } from '#runtime';
import type { Actor } from '../http/by.js';
import { CONSOLE_CONFIG } from '../console-config.js';
import type { ConsoleConfig } from '../config.js';
import { zonedTimeToInstant } from './local-time.js';
import { Idempotency, type RequestKey } from '../http/idempotency.js';

const EARLIEST_YEAR = 1970;
const LATEST_YEAR = 9998;

/** A request without a fault, with what it names. */
interface Checked {
  request: ScheduleExecutions;
  version: ScriptVersion;
  machines: Machine[];
  values: InputValues;
  scheduledFor: Date | null;
  deliverBy: Date | null;
  rule: SeriesRule | null;
}

/** Turns a request into rows: all machines or none, with every fault listed. */
@Injectable()
export class ScheduleService {
  constructor(
    private readonly database: Database,
    private readonly bus: Bus,
    @Inject(CONSOLE_CONFIG) private readonly config: ConsoleConfig,
    private readonly idempotency: Idempotency,
  ) {}

  /**
   * @param key a request that arrives twice under the same one makes its rows once; the second gets the
   * first answer, whatever has become of machines, script and time since
   * @throws AppError `request.invalid` (400) with every fault: those of its fields, and those that only the
   * database shows; `database.reserve` (507)
   */
  async schedule(
    draft: Draft<ScheduleExecutions>,
    actor: Actor,
    key: RequestKey | null,
  ): Promise<ScheduledExecutions> {
    // What is not sound was never carried out: its faults are told instead.
    const earlier =
      draft.faults.length === 0 ? await this.idempotency.earlier<ExecutionDto[]>(key) : undefined;
    if (earlier) return { items: earlier };
    await this.database.reserve.require('no execution is taken');
    const { request, ...checked } = await this.check(draft);
    const items = await this.idempotency.once(key, (work) => this.insert(work, request, checked, actor));
    // The rows are the fact; the ring only says: look now.
    const hosts = new Map(checked.machines.map(({ id, hostId }) => [id, hostId]));
    for (const { machineId } of items)
      this.bus.emit(BusEvents.wake(hosts.get(machineId) ?? null), { machineId });
    return { items };
  }

  /** What a field's own fault hides is not checked: nobody is told twice of one mistake. */
  private async check({ sound, faults, unsound, partly }: Draft<ScheduleExecutions>): Promise<Checked> {
    const issues = [...faults];
    const machineIds = sound.machineIds ?? partly.machineIds ?? [];
    const [version, machines, now] = await Promise.all([
      this.findVersion(this.database.work(), sound, unsound.has('scriptVersion'), issues),
      this.database.work().find(Machine, { id: { $in: machineIds.filter((id) => id !== undefined) } }),
      databaseNow(this.database.work()),
    ]);
    this.checkMachines(machineIds, machines, version, issues);
    if (version) issues.push(...(await codeFaults(version)));
    const values =
      version && !unsound.has('inputs') ? this.checkInputs(version, sound.inputs ?? {}, issues) : {};
    const isUnknownTime =
      unsound.has('scheduledFor') || (unsound.has('timeZone') && isLocal(sound.scheduledFor));
    const scheduledFor = isUnknownTime ? null : timeOf(sound, 'scheduledFor', issues);
    const deliverBy = timeOf({ scheduledFor: sound.deliverBy }, 'deliverBy', issues);
    const rule = ruleOf(sound, scheduledFor ?? now, issues);
    if (deliverBy && !isUnknownTime && deliverBy <= (scheduledFor ?? now)) {
      issues.push({
        path: 'deliverBy',
        message: 'is not after the time it is scheduled for',
        remedy: 'give a later time or leave it out',
      });
    }
    if (issues.length > 0 || !version) throw invalidRequest(issues);
    // Without a fault all of it is sound.
    const request = sound as ScheduleExecutions;
    return { request, version, machines, values, scheduledFor, deliverBy, rule };
  }

  private checkInputs(version: ScriptVersion, inputs: InputValues, issues: Fault[]): InputValues {
    const { values, faults } = checkInputs(version, inputs, matchesWhole);
    issues.push(...faults);
    const usesPasswords = version.inputs.some((input) => input.type === 'password');
    if (usesPasswords && this.config.SECRETS_KEY === undefined) {
      issues.push({
        path: 'inputs',
        message: 'the script takes a password and this console has no SECRETS_KEY to seal it',
        remedy: 'set SECRETS_KEY',
      });
    }
    return values;
  }

  private async insert(
    work: Work,
    request: ScheduleExecutions,
    { version, values, scheduledFor, deliverBy, rule }: Omit<Checked, 'request'>,
    actor: Actor,
  ): Promise<ExecutionDto[]> {
    // The same for all machines, and sealed once.
    const inputValues = storedInputs(request.scriptId, version.inputs, values, this.config.SECRETS_KEY ?? '');
    const inserted = scheduleExecutions(
      work,
      request.machineIds.map((machineId) => ({
        machineId,
        scriptId: request.scriptId,
        scriptVersion: version.version,
        scheduledFor,
        rule,
        maxExecutions: request.maxExecutions ?? null,
        deliverBy,
        inputValues,
        timeoutSeconds: request.timeoutSeconds ?? version.timeoutSeconds,
        runAs: request.runAs ?? version.runAs,
        order: request.order ?? 0,
        triggeredBy: actor.name,
      })),
    );
    const rows = await inserted.catch((error: unknown) => {
      if (!(error instanceof MachinesGoneError)) throw error;
      throw invalidRequest(error.ids.map((id) => noMachine(request.machineIds.indexOf(id), id)));
    });
    await recordAudits(
      work,
      rows.map(({ id, scriptId, scriptVersion, machineId, scheduledFor: due, updatedAt }) => ({
        actor: actor.name,
        action: 'execution.schedule',
        subjectType: 'execution',
        subjectId: id,
        after: { scriptId, scriptVersion, machineId, scheduledFor: due.toISOString() },
        correlationId: actor.correlationId,
        createdAt: updatedAt,
      })),
    );
    return rows.map(toExecutionDto);
  }

  private async findVersion(
    work: Work,
    { scriptId, scriptVersion }: Partial<ScheduleExecutions>,
    isUnknownVersion: boolean,
    issues: Fault[],
  ): Promise<ScriptVersion | null> {
    if (scriptId === undefined) return null;
    if (!isUnknownVersion) {
      const version = await work.findOne(
        ScriptVersion,
        { scriptId, ...(scriptVersion === undefined ? {} : { version: scriptVersion }) },
        { orderBy: { version: 'desc' } },
      );
      if (version) return version;
    }
    const script = await work.findOne(Script, { id: scriptId });
    if (!script) {
      issues.push({
        path: 'scriptId',
        message: `there is no script ${scriptId}`,
        remedy: 'GET /api/scripts lists them',
      });
    } else if (!isUnknownVersion) {
      issues.push({
        path: 'scriptVersion',
        message: `the script has no version ${scriptVersion}`,
        remedy: `its newest is ${script.version}`,
      });
    }
    return null;
  }

  private checkMachines(
    ids: (string | undefined)[],
    machines: Machine[],
    version: ScriptVersion | null,
    issues: Fault[],
  ): void {
    const known = new Map(machines.map((machine) => [machine.id, machine]));
    ids.forEach((id, index) => {
      if (id === undefined) return;
      const machine = known.get(id);
      const path = `machineIds.${index}`;
      if (!machine) issues.push(noMachine(index, id));
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

const noMachine = (index: number, id: string): Fault => ({
  path: `machineIds.${index}`,
  message: `there is no machine ${id}`,
  remedy: 'POST /api/machines or make its medium first',
});

/** Of a version that was saved before placeholders were judged, and that no operator keeps. */
async function codeFaults(version: ScriptVersion): Promise<Fault[]> {
  if (version.placeholders !== null) return [];
  const { faults } = await judgementOf(version);
  return faults.map(({ message, remedy }) => ({
    path: 'scriptId',
    message: `version ${version.version} of the script was saved before this was looked at: ${message}`,
    remedy: `PUT a version that is right: ${remedy}`,
  }));
}

/** The repeating schedule that was asked for, or null. */
function ruleOf(request: Partial<ScheduleExecutions>, earliest: Date, issues: Fault[]): SeriesRule | null {
  const { cron, repeatIntervalMinutes, timeZone = 'UTC' } = request;
  const { missedRuns, missedWindowMinutes, jitterSeconds, stopOnFailure } = request;
  const common = {
    first: earliest.toISOString(),
    missedRuns,
    missedWindowMinutes,
    jitterSeconds,
    stopOnFailure,
  };
  if (repeatIntervalMinutes !== undefined) return startingRule({ ...common, repeatIntervalMinutes }, issues);
  if (cron === undefined) return null;
  const fault = (message: string): null => {
    const remedy = 'give minute, hour, day of month, month and day of week, such as "30 2 * * 1-5"';
    issues.push({ path: 'cron', message, remedy });
    return null;
  };
  try {
    if (!parseCron(cron, timeZone).nextRun(earliest)) return fault('never comes');
  } catch (error) {
    return fault(error instanceof Error ? error.message : String(error));
  }
  return startingRule({ ...common, cron, timeZone }, issues);
}

/** Slots of a cron expression are counted in minutes since 1970, in 32 bits. */
function startingRule(rule: SeriesRule, issues: Fault[]): SeriesRule | null {
  if (firstSlot(rule) !== null) return rule;
  issues.push({
    path: 'scheduledFor',
    message: 'is too late for the first run of a repeating schedule',
    remedy: 'give a time before the year 6000',
  });
  return null;
}

const isLocal = (time: string | undefined): boolean =>
  time !== undefined && !/(Z|[+-]\d\d:\d\d)$/i.test(time);

/** Null when none was given: now, by the database's clock. A time that cannot be is a fault. */
function timeOf(
  { scheduledFor, timeZone }: Partial<ScheduleExecutions>,
  path: string,
  issues: Fault[],
): Date | null {
  if (scheduledFor === undefined) return null;
  const instant =
    isLocal(scheduledFor) && timeZone !== undefined
      ? zonedTimeToInstant(scheduledFor, timeZone)
      : new Date(scheduledFor);
  const year = instant.getUTCFullYear();
  if (year >= EARLIEST_YEAR && year <= LATEST_YEAR) return instant;
  issues.push({
    path,
    message: `is not a time between the years ${EARLIEST_YEAR} and ${LATEST_YEAR}`,
    remedy: 'give a time such as 2027-01-31T14:00:00Z',
  });
  return null;
}
