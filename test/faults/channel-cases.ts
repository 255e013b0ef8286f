import { createCommand, type Database, MachineCommand, MachineEvent, Machine, ScriptExecution } from '#db';
import type { FakeGuest, GivenScript } from '../support/guests/fake-guest.js';
import { schedule, script } from '../support/rows/rows.js';
import { waitFor } from '../support/wait.js';

/** A guest that has said its hello, on a gateway whose database may fail. */
export interface Talk {
  guest: FakeGuest;
  database: Database;
  /** Of the case's own preparation. */
  given: { script?: GivenScript; executionId?: string; commandId?: string };
}

export interface ChannelCase {
  prepare?(talk: Talk): Promise<void>;
  say(talk: Talk): void;
  /** It has come to pass, and once. */
  isDone(talk: Talk): Promise<boolean>;
  /** It does not ask the database. */
  asksNothing?: true;
}

const scheduled = async ({ guest, database, given }: Talk): Promise<void> => {
  const [row] = await schedule(database, { machineId: guest.vmId, scriptId: await script(database) });
  given.executionId = row?.id ?? '';
};
const delivered = async (talk: Talk): Promise<void> => {
  await scheduled(talk);
  talk.guest.ask();
  talk.given.script = await talk.guest.script();
};
const row = ({ database, given }: Talk): Promise<ScriptExecution> =>
  database.work().findOneOrFail(ScriptExecution, { id: given.executionId ?? '' });
const scriptOf = ({ given }: Talk): GivenScript => {
  if (!given.script) throw new Error('nothing was delivered');
  return given.script;
};
const event = (type: string, more: object = {}): ChannelCase => ({
  say: ({ guest }) => guest.send({ type, timestamp: new Date().toISOString(), ...more }),
  isDone: async ({ guest, database }) =>
    (await database
      .work()
      .count(MachineEvent, { machineId: guest.vmId, kind: { $in: ['agent', 'metrics'] } })) > 0,
});

/** Every message of a guest, by its type. */
export const CHANNEL_CASES: Record<string, ChannelCase> = {
  handshake: {
    say: ({ guest }) => guest.greet({ session: 'f'.repeat(32) }),
    isDone: async ({ guest, database }) =>
      (await database.work().findOneOrFail(Machine, { id: guest.vmId })).session === 'f'.repeat(32) &&
      guest.lines.some(({ type, session }) => type === 'handshake_ack' && session === 'f'.repeat(32)),
  },
  request_pending_scripts: {
    prepare: scheduled,
    say: ({ guest }) => guest.ask(),
    isDone: async (talk) =>
      (await row(talk)).status === 'RUNNING' &&
      new Set(talk.guest.scripts.map((given) => `${given.execution_id}.${given.attempt}`)).size === 1,
  },
  keep_alive: {
    say: ({ guest }) => guest.send({ type: 'keep_alive', sequence_number: 7, timestamp: 1 }),
    isDone: ({ guest }) => Promise.resolve(guest.count('keep_alive_response') > 0),
    asksNothing: true,
  },
  script_started: {
    prepare: delivered,
    say: (talk) => talk.guest.started(scriptOf(talk)),
    isDone: async (talk) => (await row(talk)).startedAt !== null,
  },
  script_output: {
    prepare: delivered,
    say: (talk) => talk.guest.output(scriptOf(talk), 0, 'a line\n'),
    isDone: async (talk) => (await row(talk)).stdout === 'a line\n',
  },
  script_completion: {
    prepare: delivered,
    say: (talk) => talk.guest.complete(scriptOf(talk)),
    isDone: async (talk) => {
      const { status, exitCode, stdout } = await row(talk);
      const { execution_id: id } = scriptOf(talk);
      const isAcked = talk.guest.lines.some((line) => line.type === 'ack' && line['execution_id'] === id);
      // Nothing is acked that is not on the disk.
      if (isAcked && status !== 'SUCCESS') throw new Error(`acked, and the row is ${status}`);
      return isAcked && exitCode === 0 && stdout === 'hello\n';
    },
  },
  response: {
    prepare: async ({ guest, database, given }) => {
      const command = await database.transaction((work) =>
        createCommand(work, {
          machineId: guest.vmId,
          request: { type: 'SafeCommand', command: { action: 'OsInfo' } },
          timeoutSeconds: 600,
          triggeredBy: 'test',
        }),
      );
      given.commandId = command?.id ?? '';
      guest.ask();
      await waitFor(
        async () =>
          (await database.work().findOneOrFail(MachineCommand, { id: given.commandId ?? '' })).state ===
          'SENT',
        { what: 'the command to be sent' },
      );
    },
    say: ({ guest, given }) =>
      guest.send({ type: 'response', id: given.commandId, success: true, exit_code: 0 }),
    isDone: async ({ database, given }) =>
      (await database.work().findOneOrFail(MachineCommand, { id: given.commandId ?? '' })).exitCode === 0,
  },
  agent_event: event('agent_event', { message: 'hello' }),
  metrics: event('metrics', {
    data: {
      system: {
        cpu: { usage_percent: 1 },
        memory: { total_kb: 1, used_kb: 1, available_kb: 1 },
      },
    },
  }),
  error: event('error'),
  error_report: event('error_report'),
  circuit_breaker_state: event('circuit_breaker_state'),
  connection_status: event('connection_status'),
  ping: event('ping'),
};
