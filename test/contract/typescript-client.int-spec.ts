import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { command } from '../support/processes/commands.js';

const root = resolve(import.meta.dirname, '../..');

const GOOD = `
import createClient from 'openapi-fetch';
import type { components, paths } from './api.js';

const client = createClient<paths>({ baseUrl: 'http://127.0.0.1:4001' });
const { data, error } = await client.GET('/api/executions', {
  params: { query: { limit: 10, status: 'PENDING', from: '2027-01-31T14:00:00Z' } },
});
const statuses: components['schemas']['ExecutionStatus'][] = data?.items.map(({ status }) => status) ?? [];
const code: components['schemas']['ErrorCode'] | undefined = error?.code;
const path: string | undefined = error?.issues?.[0]?.path;
await client.DELETE('/api/machines/{id}', { params: { path: { id: 'x' }, query: { force: true } } });
await client.POST('/api/executions', { body: { scriptId: 'x', machineIds: ['y'], missedRuns: 'skip' } });
await client.POST('/api/media', {
  params: { query: { dryRun: true }, header: { 'Idempotency-Key': 'k' } },
  body: { vmId: 'x', hostname: 'web-1', os: { family: 'ubuntu', version: '24.04' } },
});
const event: components['schemas']['ExecutionEvent'] = JSON.parse('{}');
if (event.event === 'output') console.log(event.data.stream, event.data.offset);
else console.log(event.data.status, statuses, code, path);
`;

/** Each line is one mistake. */
const BAD = [
  `import createClient from 'openapi-fetch';import type { paths } from './api.js';const client = createClient<paths>();`,
  `await client.GET('/api/executions', { params: { query: { status: 'BOGUS' } } });`,
  `await client.GET('/api/executions', { params: { query: { limit: 'ten' } } });`,
  `await client.GET('/api/executions', { params: { query: { stauts: 'PENDING' } } });`,
  `await client.GET('/api/machine');`,
  `await client.POST('/api/machines', { body: {} });`,
  `await client.GET('/api/executions/{id}/output', { params: { path: { id: 'x' }, query: { stream: 'both' } } });`,
];

describe('a TypeScript program generated from the document', () => {
  let folder: string;
  let faults: string[];

  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'infinibay-client-'));
    symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'));
    const generator = join(root, 'node_modules/openapi-typescript/bin/cli.js');
    const document = join(root, 'docs/openapi/console.json');
    const output = join(folder, 'api.d.ts');
    // A field with a default may be left out of a request; the generator takes it for one that is always
    // there.
    const words = [generator, document, '--default-non-nullable=false', '--output', output];
    command(process.execPath, words, { cwd: folder });
    writeFileSync(join(folder, 'good.ts'), GOOD);
    writeFileSync(join(folder, 'bad.ts'), BAD.join('\n'));
    writeFileSync(join(folder, 'package.json'), JSON.stringify({ type: 'module' }));
    writeFileSync(
      join(folder, 'tsconfig.json'),
      JSON.stringify({
        compilerOptions: {
          strict: true,
          noEmit: true,
          target: 'ES2024',
          module: 'NodeNext',
          skipLibCheck: true,
          types: ['node'],
        },
        include: ['*.ts'],
      }),
    );
    const { stdout } = spawnSync(
      process.execPath,
      [join(root, 'node_modules/typescript/bin/tsc'), '-p', folder, '--pretty', 'false'],
      { encoding: 'utf8', cwd: folder },
    );
    faults = stdout.split('\n').filter((line) => line.includes(': error TS'));
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  it('compiles where it uses the API as it is', () => {
    expect(faults.filter((line) => !line.startsWith('bad.ts('))).toEqual([]);
  });

  it('does not compile with a status, number, field, route, body or stream that there is not', () => {
    const lines = faults.map((line) => Number(/^bad\.ts\((\d+),/.exec(line)?.[1]));
    expect([...new Set(lines)]).toEqual([2, 3, 4, 5, 6, 7]);
  });
});
