import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { execFile } from 'node:child_process';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { format, resolveConfig } from 'prettier';
import { migrateToLatest, openDatabase } from '#db';
import { CONSOLE_TOKEN, startConsole, type TestConsole } from '../support/apps/console.js';
import { generatePythonClient, python } from '../support/clients/python-client.js';
import { emptyDatabase } from '../support/servers/databases.js';

const root = resolve(import.meta.dirname, '../..');
const GUIDE = join(root, 'docs/api.md');

/** The fenced blocks of one language, in the order of the page. */
const blocks = (language: string): string =>
  [...readFileSync(GUIDE, 'utf8').matchAll(/^```(\w+)\n(.*?)^```$/gms)]
    .filter(([, name]) => name === language)
    .map(([, , text]) => text)
    .join('\n');

describe('docs/api.md', () => {
  let server: TestConsole;
  let folder: string;
  let remove: () => void;

  beforeAll(async () => {
    const empty = emptyDatabase('SQLite');
    remove = empty.remove;
    const database = await openDatabase(empty.url);
    await migrateToLatest(database);
    await database.close();
    server = await startConsole(empty.url);
    folder = mkdtempSync(join(tmpdir(), 'infinibay-guide-'));
    symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'));
    mkdirSync(join(folder, '.infinibay'));
    writeFileSync(join(folder, '.infinibay/console.token'), `${CONSOLE_TOKEN}\n`);
  });
  afterAll(async () => {
    await server.stop();
    rmSync(folder, { recursive: true, force: true });
    remove();
  });

  /** Not synchronous: the console answers from this process. */
  const run = async (program: string, ...words: string[]): Promise<string> => {
    const { PATH = '', HOME = '' } = process.env;
    const env = { PATH, HOME, CONSOLE: server.url, TOKEN: CONSOLE_TOKEN };
    return (await promisify(execFile)(program, words, { cwd: folder, env, timeout: 50_000 })).stdout;
  };

  it('has a journey for curl that works', async () => {
    writeFileSync(join(folder, 'journey.sh'), `set -eu\n${blocks('sh')}`);
    const said = await run('bash', 'journey.sh');
    expect(said).toContain('"openapi":"/openapi.json"');
    expect(said).toContain('PENDING: no gateway has reported yet');
    expect(said).toMatch(/^CANCELLED$/m);
    expect(said).toMatch(/^event: status$/m);
    expect(said).not.toContain('undefined');
    expect((await server.request('GET', '/api/machines')).body.items).toEqual([]);
  });

  it('has a client for Node that works', async () => {
    writeFileSync(join(folder, 'client.mjs'), blocks('js'));
    expect(await run(process.execPath, 'client.mjs')).toBe('PENDING\nCANCELLED\n');
  });

  it('has a client for Python that works', async () => {
    generatePythonClient(folder, 'infinibay_console');
    writeFileSync(join(folder, 'client.py'), blocks('python'));
    expect(await run(python(), 'client.py')).toBe('[True]\nCANCELLED\n');
  });

  it('shows an error in the form that errors have', async () => {
    const shown = JSON.parse(blocks('json')) as Record<string, unknown>;
    const { body } = await server.request('POST', '/api/machines', { name: '' });
    expect(Object.keys(body)).toEqual(Object.keys(shown));
    expect(body).toMatchObject({ code: shown['code'], message: shown['message'] });
  });

  it('lists every route of the document; UPDATE_GOLDEN=1 writes the table', async () => {
    const { paths } = JSON.parse(readFileSync(join(root, 'docs/openapi/console.json'), 'utf8')) as {
      paths: Record<string, Record<string, { summary: string }>>;
    };
    const rows = Object.entries(paths).flatMap(([path, methods]) =>
      Object.entries(methods).map(
        ([method, { summary }]) => `| \`${method.toUpperCase()} ${path}\` | ${summary} |`,
      ),
    );
    const page = readFileSync(GUIDE, 'utf8');
    const table = ['## Routes', '', '| request | does |', '| --- | --- |', ...rows, ''].join('\n');
    const expected = await format(
      page.replace(/^## Routes\n.*/ms, () => table),
      {
        ...(await resolveConfig(GUIDE)),
        filepath: GUIDE,
      },
    );
    if (process.env['UPDATE_GOLDEN']) writeFileSync(GUIDE, expected);
    expect(readFileSync(GUIDE, 'utf8')).toBe(expected);
  });
});
