import { createHash, randomUUID } from 'node:crypto';
import {
  adoptMachine,
  type Completion,
  type Database,
  type NewExecution,
  Script,
  ScriptExecution,
  ScriptVersion,
  type SeriesRule,
  scheduleExecutions,
  takeLease,
} from '#db';

/** A registered machine whose lease `owner` holds. */
export async function machineWithLease(
  database: Database,
  owner = 'host-a#1',
  id: string = randomUUID(),
): Promise<string> {
  await database.transaction((work) => adoptMachine(work, { id, name: `vm-${id.slice(0, 8)}`, os: 'linux' }));
  await takeLease(database.work(), {
    machineId: id,
    owner,
    hostId: owner.split('#')[0] ?? owner,
    seconds: 60,
  });
  return id;
}

/** A script of one version. */
export async function script(
  database: Database,
  content = 'echo hello',
  retry: ScriptVersion['retry'] = null,
  shell: ScriptVersion['shell'] = 'SH',
): Promise<string> {
  const id = randomUUID();
  const now = new Date();
  await database.transaction(async (work) => {
    work.persist(work.create(Script, { id, version: 1, createdAt: now, updatedAt: now }));
    work.persist(
      work.create(
        ScriptVersion,
        {
          id: randomUUID(),
          scriptId: id,
          version: 1,
          name: 'greet',
          platforms: shell === 'SH' || shell === 'BASH' ? ['linux'] : ['windows'],
          shell,
          content,
          inputs: [],
          timeoutSeconds: 600,
          retry,
          sha256: createHash('sha256').update(content).digest('hex'),
          createdAt: now,
        },
        { partial: true },
      ),
    );
    await work.flush();
  });
  return id;
}

/** Schedules rows, filling in what a case does not care for. */
export function schedule(
  database: Database,
  ...requests: (Partial<NewExecution> & { machineId: string })[]
): Promise<ScriptExecution[]> {
  return database.transaction((work) =>
    scheduleExecutions(
      work,
      requests.map((request) => ({
        scriptId: randomUUID(),
        scriptVersion: 1,
        scheduledFor: null,
        inputValues: {},
        timeoutSeconds: 600,
        runAs: null,
        triggeredBy: 'test',
        ...request,
      })),
    ),
  );
}

/** A schedule that repeats every so many minutes from `first` on. */
export function every(
  repeatIntervalMinutes: number,
  first = new Date(),
  policy: Partial<SeriesRule> = {},
): SeriesRule {
  return { ...policy, first: first.toISOString(), repeatIntervalMinutes };
}

export function readExecution(database: Database, id: string): Promise<ScriptExecution> {
  return database.work().findOneOrFail(ScriptExecution, { id });
}

/** A completion with exit code 0, unless a case says otherwise. */
export function completion(
  of: { machineId: string; executionId: string },
  differences: Partial<Completion> = {},
): Completion {
  return {
    ...of,
    attempt: 1,
    status: 'SUCCESS',
    failureReason: null,
    exitCode: 0,
    signal: null,
    stdout: 'hello\n',
    stderr: '',
    stdoutBytes: 6,
    stderrBytes: 0,
    stdoutSha256: null,
    stderrSha256: null,
    truncated: false,
    survivors: null,
    durationMs: 12,
    bootId: 'boot-1',
    startedAt: null,
    error: null,
    ...differences,
  };
}
