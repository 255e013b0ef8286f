import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type Database, migrateToLatest, openDatabase } from '#db';
import type { Fault } from '#protocol';
import { startConsole, type TestConsole } from '../support/apps/console.js';
import { publishArtifacts, startMedia, type TestMedia } from '../support/media/media.js';
import { emptyDatabase, newId } from '../support/servers/databases.js';
import { WRONG_INPUTS } from './wrong-inputs.js';
import { WRONG_MEDIA_AND_ROUTES } from './wrong-media-and-routes.js';
import { WRONG_SCRIPTS } from './wrong-scripts.js';

describe('what is wrong is told with the place, the words and the way out', () => {
  const empty = emptyDatabase('SQLite');
  let database: Database;
  let media: TestMedia;
  let server: TestConsole;
  const ids = { MACHINE: newId(), SCRIPT: '' };

  beforeAll(async () => {
    database = await openDatabase(empty.url);
    await migrateToLatest(database);
    await publishArtifacts(database);
    media = await startMedia(empty.url);
    server = await startConsole(empty.url);
    await server.request('POST', '/api/machines', { id: ids.MACHINE, name: 'web-1', os: 'linux' });
    ids.SCRIPT = (
      await server.request('POST', '/api/scripts', { name: 's', shell: 'SH', content: 'id' })
    ).body.id;
  });
  afterAll(async () => {
    await server.stop();
    await media.stop();
    await database.close();
    empty.remove();
  });
  const filled = (text: string): string => text.replace('MACHINE', ids.MACHINE).replace('SCRIPT', ids.SCRIPT);

  it.each([...WRONG_INPUTS, ...WRONG_SCRIPTS, ...WRONG_MEDIA_AND_ROUTES])(
    '$name',
    async ({ method, path, body, headers, status, ...wanted }) => {
      const text = body === undefined || typeof body === 'string' ? body : JSON.stringify(body);
      const answer = await server.request(
        method ?? (text === undefined ? 'GET' : 'POST'),
        filled(path),
        text && filled(text),
        headers,
      );
      const { code, message, remedy, correlationId, issues } = answer.body;
      expect({ status: answer.status, code }).toEqual({ status, code: wanted.code ?? 'request.invalid' });
      expect(correlationId).toBe(answer.headers.get('x-correlation-id'));
      expect(remedy).toMatch(/\S/);
      const faults = (issues as Fault[] | undefined)?.map((fault) => [
        fault.path,
        fault.message,
        fault.remedy,
      ]);
      expect(faults).toEqual(wanted.faults);
      if (wanted.says !== undefined)
        expect([message, remedy]).toEqual([filled(wanted.says), filled(wanted.remedy ?? '')]);
      // The message has every fault for those who read nothing else.
      for (const fault of wanted.faults ?? []) expect(message).toContain(`${fault[0]}: ${fault[1]}`);
      for (const [name, value] of Object.entries(wanted.answers ?? {}))
        expect(answer.headers.get(name)).toBe(value);
    },
  );

  it('and what only looks wrong is taken: a shell in lower case', async () => {
    const made = await server.request('POST', '/api/scripts', { name: 'x', shell: 'bash', content: 'id' });
    expect([made.status, made.body.shell]).toEqual([201, 'BASH']);
  });

  it('all at once, from whatever check they come', async () => {
    const { body } = await server.request('POST', '/api/executions', {
      scriptId: ids.SCRIPT,
      machineIds: [newId()],
      cron: '61 3 * * *',
      inputs: { who: 'x' },
    });
    expect(body.issues.map((fault: Fault) => fault.path)).toEqual(['machineIds.0', 'inputs.who', 'cron']);
  });
});
