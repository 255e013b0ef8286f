import { afterAll, beforeAll, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { z } from 'zod';
import { API_MODULES } from '../api.modules.js';
import { startConsole, type TestConsole } from '../../../test/support/apps/console.js';
import { asQuery, nearlyRight } from '../../../test/support/schemas/hostile.js';
import { controllersOf, schemasOfController } from '../../../test/support/schemas/routes.js';
import { newId, onBothDatabases } from '../../../test/support/servers/databases.js';

const SCHEMAS = new Map<string, z.ZodType>(
  controllersOf(API_MODULES)
    .flatMap(schemasOfController)
    .flatMap(({ name, kind, schema }) => (schema ? [[`${name} ${kind}`, schema] as const] : [])),
);
function schemaOf(name: string): z.ZodType {
  const schema = SCHEMAS.get(name);
  if (!schema) throw new Error(`no route takes ${name}`);
  return schema;
}

/** Each body of the console but the media app's: where it goes, and requests that are right. */
const BODIES: Record<string, { path: string; bases: (ids: Ids) => object[] }> = {
  'MachinesController.createMachine': {
    path: '/api/machines',
    bases: () => [{ id: newId(), name: 'web-1', hostId: 'host-a', os: 'linux' }],
  },
  'ScriptsController.createScript': {
    path: '/api/scripts',
    bases: () => [
      { name: 'a', shell: 'SH', content: 'true', inputs: [{ name: 'who', type: 'text' }] },
      { name: 'a', shell: 'BASH', content: 'true', inputs: [{ name: 'who', type: 'number', default: 1 }] },
    ],
  },
  'ExecutionsController.scheduleExecutions': {
    path: '/api/executions',
    bases: ({ script, machine }) => {
      const base = { scriptId: script, machineIds: [machine], inputs: { who: 'Ada' } };
      return [
        base,
        { ...base, scheduledFor: '9998-06-01T00:00:00Z', repeatIntervalMinutes: 5_256_000 },
        { ...base, scheduledFor: '9998-06-01T00:00:00Z', missedRuns: 'skip', missedWindowMinutes: 525_600 },
        { ...base, scheduledFor: '6000-06-01T00:00', timeZone: 'UTC', cron: '0 0 29 2 *', jitterSeconds: 9 },
        { ...base, cron: '*/5 * * * *', timeZone: 'Europe/Berlin', maxExecutions: 3 },
        { ...base, scheduledFor: '2027-01-31T14:00:00Z', deliverBy: '2027-02-01T14:00:00Z', order: 1 },
      ];
    },
  },
  'CommandsController.createCommand': {
    path: '/api/machines/MACHINE/commands',
    bases: () => [
      { type: 'SafeCommand', command: { action: 'ProcessKill', pid: 2 } },
      { type: 'UnsafeCommand', rawCommand: 'true', workingDir: '/' },
    ],
  },
  'SealingController.sealPassword': {
    path: '/api/sealed-passwords',
    bases: () => [{ vmId: newId(), user: 'Ada', password: 'x' }],
  },
};

const QUERIES: Record<string, string> = {
  'MachinesController.listMachines': '/api/machines',
  'MachinesController.listMachineEvents': '/api/machines/MACHINE/events',
  'MachinesController.listMachineDownloads': '/api/machines/MACHINE/downloads',
  'ExecutionsController.listExecutions': '/api/executions',
  'ScriptsController.listScripts': '/api/scripts',
  'CommandsController.listCommands': '/api/machines/MACHINE/commands',
  'AuditController.listAudit': '/api/audit',
};

interface Ids {
  script: string;
  machine: string;
}

onBothDatabases('a request that is nearly right', (given) => {
  let server: TestConsole;
  let ids: Ids;

  beforeAll(async () => {
    server = await startConsole(given().url);
    const script = await server.request('POST', '/api/scripts', {
      name: 'a',
      shell: 'SH',
      content: 'true',
      inputs: [{ name: 'who', type: 'text' }],
    });
    const machine = await server.request('POST', '/api/machines', { name: 'web-1' });
    ids = { script: script.body.id, machine: machine.body.id };
  });
  afterAll(() => server.stop());

  /** @returns whether the border let it through; a failure inside is what must never be */
  async function ask(method: string, path: string, body?: unknown): Promise<boolean> {
    const answer = await server.request(method, path.replace('MACHINE', ids.machine), body);
    // 503: the commands' gateway is not there.
    expect([answer.status === 503 || answer.status < 500, answer.text.slice(0, 500)]).toEqual([
      true,
      expect.any(String),
    ]);
    return answer.status !== 400;
  }

  it.each(Object.keys(BODIES))(
    'is taken or refused by %s, and never fails inside',
    async (name) => {
      const { path, bases } = BODIES[name]!;
      let letThrough = 0;
      await fc.assert(
        fc.asyncProperty(nearlyRight(schemaOf(`${name} body`), bases(ids)), async (body) => {
          if (await ask('POST', path, body)) letThrough += 1;
        }),
        { numRuns: 250 },
      );
      expect(letThrough).toBeGreaterThan(0);
    },
    120_000,
  );

  it.each(Object.keys(QUERIES))(
    'is taken or refused by %s, and never fails inside',
    async (name) => {
      await fc.assert(
        fc.asyncProperty(nearlyRight(schemaOf(`${name} query`), [{}]), async (query) => {
          await ask('GET', `${QUERIES[name]}?${asQuery(query)}`);
        }),
        { numRuns: 120 },
      );
    },
    120_000,
  );

  it('is made for every body that the console keeps itself', () => {
    const bodies = [...SCHEMAS.keys()].flatMap((name) => name.match(/^(.*) body$/)?.[1] ?? []);
    const others = ['ScriptsController.updateScript', 'MediaController.createMedia'];
    expect(bodies.sort()).toEqual([...Object.keys(BODIES), ...others].sort());
  });

  it('of a repeating schedule can be cancelled, whose next run would be after the last year', async () => {
    const scheduled = await server.request('POST', '/api/executions', {
      scriptId: ids.script,
      machineIds: [ids.machine],
      scheduledFor: '9998-06-01T00:00:00Z',
      repeatIntervalMinutes: 5_256_000,
    });
    expect(scheduled.status).toBe(201);
    const [row] = scheduled.body.items;
    const cancelled = await server.request('POST', `/api/executions/${row.id}/cancel`);
    expect([cancelled.status, cancelled.body.status]).toEqual([202, 'CANCELLED']);
  });
});
