import { createHash } from 'node:crypto';
import { keepRunContent, MachineEvent, recordMachineEvent, requestCancel } from '#db';
import { newId } from '../support/servers/databases.js';
import { every, machineWithLease, schedule, script } from '../support/rows/rows.js';
import type { AppName, FaultWorld } from './fault-world.js';

/** One request that can be carried out. */
export interface Prepared {
  path?: Record<string, string>;
  query?: string;
  body?: unknown;
  /** Statuses that are right when it comes again after it was carried out, and was told otherwise. */
  again?: readonly number[];
}

export interface RouteCase {
  prepare(world: FaultWorld): Promise<Prepared>;
  /** It does not ask the database. */
  asksNothing?: true;
  /** It says in its own words that the database is away. */
  ownWords?: true;
}

const nothing: RouteCase = { prepare: () => Promise.resolve({}), asksNothing: true };
const plain: RouteCase = { prepare: () => Promise.resolve({}) };
const health = { 'GET /healthz': nothing, 'GET /readyz': { ...plain, ownWords: true } } as const;

const COMMAND = { type: 'SafeCommand', command: { action: 'OsInfo' } };
const SCRIPT = { name: 'greet', shell: 'SH', content: 'echo hello' };

const ofMachine = async ({ database }: FaultWorld): Promise<Prepared> => ({
  path: { id: await machineWithLease(database) },
});
const ofScript = async ({ database }: FaultWorld): Promise<Prepared> => ({
  path: { id: await script(database) },
});
const ofExecution = async ({ database }: FaultWorld): Promise<Prepared> => {
  const [row] = await schedule(database, { machineId: await machineWithLease(database) });
  return { path: { id: row?.id ?? '' } };
};
const ofEnded = async (world: FaultWorld): Promise<Prepared> => {
  const prepared = await ofExecution(world);
  await world.database.transaction((work) => requestCancel(work, prepared.path?.['id'] ?? ''));
  return prepared;
};
const mediaRequest = (): object => ({
  vmId: newId(),
  hostname: 'vm',
  os: { family: 'ubuntu', version: '24.04' },
  source: 'cloud-image',
  users: [{ name: 'someone', password: 'a password of a test' }],
});
const ofMedium = async ({ send }: FaultWorld): Promise<Prepared> => {
  const { body } = await send('media', 'POST', '/media', mediaRequest());
  return { path: { id: body.id, name: 'seed.iso' }, again: [404] };
};
const makesMedium: RouteCase = { prepare: () => Promise.resolve({ body: mediaRequest() }) };
const linux = { path: { platform: 'linux', arch: 'x86_64', file: 'infiniservice' } };
const agentSha256 = createHash('sha256').update('an agent').digest('hex');

/** Every route of every app, with a request that it carries out. */
export const ROUTE_CASES: Record<AppName, Record<string, RouteCase>> = {
  console: {
    ...health,
    'GET /': nothing,
    'GET /metrics': nothing,
    'GET /openapi.json': nothing,
    'GET /api/openapi.json': nothing,
    'POST /api/machines': { prepare: () => Promise.resolve({ body: { name: 'new', os: 'linux' } }) },
    'GET /api/machines': plain,
    'GET /api/machines/:id': { prepare: ofMachine },
    'DELETE /api/machines/:id': {
      prepare: async (world) => {
        const prepared = await ofMachine(world);
        const machineId = prepared.path?.['id'] ?? '';
        await schedule(world.database, { machineId }, { machineId, rule: every(60) });
        return { ...prepared, query: '?force=true', again: [404] };
      },
    },
    'GET /api/machines/:id/events/:eventId': {
      prepare: async (world) => {
        const { path } = await ofMachine(world);
        const machineId = path?.['id'] ?? '';
        const work = world.database.work();
        await recordMachineEvent(work, {
          machineId,
          kind: 'agent',
          severity: 'info',
          code: 'agent.test',
          message: 'hello',
        });
        const { id } = await work.findOneOrFail(MachineEvent, { machineId });
        return { path: { id: machineId, eventId: id } };
      },
    },
    'GET /api/machines/:id/health': { prepare: ofMachine },
    'GET /api/machines/:id/events': { prepare: ofMachine },
    'GET /api/machines/:id/metrics': { prepare: ofMachine },
    'GET /api/machines/:id/downloads': { prepare: ofMachine },
    'POST /api/machines/:id/commands': {
      prepare: async (world) => ({ ...(await ofMachine(world)), body: COMMAND }),
    },
    'GET /api/machines/:id/commands': { prepare: ofMachine },
    'GET /api/machines/:id/commands/:commandId': {
      prepare: async (world) => {
        const { path } = await ofMachine(world);
        const asked = await world.send('console', 'POST', `/api/machines/${path?.['id']}/commands`, COMMAND);
        return { path: { ...path, commandId: asked.body.id } };
      },
    },
    'POST /api/scripts': { prepare: () => Promise.resolve({ body: SCRIPT }) },
    'GET /api/scripts': plain,
    'GET /api/scripts/:id': { prepare: ofScript },
    'PUT /api/scripts/:id': { prepare: async (world) => ({ ...(await ofScript(world)), body: SCRIPT }) },
    'POST /api/executions': {
      prepare: async ({ database }) => {
        const machineIds = [await machineWithLease(database), await machineWithLease(database)];
        return { body: { scriptId: await script(database), machineIds, repeatIntervalMinutes: 5 } };
      },
    },
    'GET /api/executions': plain,
    'GET /api/executions/:id': { prepare: ofExecution },
    'GET /api/executions/:id/output': { prepare: ofEnded },
    'GET /api/executions/:id/events': { prepare: ofEnded },
    'GET /api/executions/:id/explanation': { prepare: ofExecution },
    'POST /api/executions/:id/cancel': { prepare: ofExecution },
    'POST /api/series/:id/stop': {
      prepare: async ({ database }) => {
        const machineId = await machineWithLease(database);
        const [row] = await schedule(database, { machineId, rule: every(5) });
        return { path: { id: row?.seriesId ?? '' } };
      },
    },
    'POST /api/media': makesMedium,
    'GET /api/media/:id': { prepare: ofMedium },
    'GET /api/media/:id/files/:name': { prepare: ofMedium },
    'DELETE /api/media/:id': { prepare: ofMedium },
    'GET /api/sealing-key': nothing,
    'POST /api/sealed-passwords': {
      prepare: () => Promise.resolve({ body: { vmId: newId(), user: 'someone', password: 'x' } }),
      asksNothing: true,
    },
    'GET /api/hosts': plain,
    'GET /api/audit': plain,
  },
  media: {
    ...health,
    'GET /metrics': nothing,
    'POST /media': makesMedium,
    'GET /media/:id': { prepare: ofMedium },
    'GET /media/:id/files/:name': { prepare: ofMedium },
    'DELETE /media/:id': { prepare: ofMedium },
  },
  distribution: {
    ...health,
    'GET /metrics': nothing,
    'GET /infiniservice/metadata': nothing,
    'GET /infiniservice/sha256/:hash': {
      prepare: () => Promise.resolve({ path: { hash: agentSha256 } }),
    },
    'GET /infiniservice/v/:version/:platform/:arch/:file': {
      prepare: async ({ send }) => {
        const { body } = await send('distribution', 'GET', '/infiniservice/metadata');
        return { path: { ...linux.path, version: body.version } };
      },
    },
    'GET /infiniservice/:platform/binary': { prepare: () => Promise.resolve(linux) },
    'GET /infiniservice/:platform/script': { prepare: () => Promise.resolve(linux) },
    'GET /infiniservice/run/:token': {
      // A token is good for one answer, also for one that got lost: the run ends and says so.
      prepare: async ({ database }) => ({
        path: {
          token: await keepRunContent(database.work(), {
            machineId: newId(),
            executionId: newId(),
            content: 'true',
            seconds: 600,
          }),
        },
        again: [404],
      }),
    },
  },
};
