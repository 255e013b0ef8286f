import { execFile } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type Database } from '#db';
import { BUS_EVENTS, BusRequests, openSealedPassword, sealingPublicKey } from '#protocol';
import { CONSOLE_TOKEN, startConsole, type TestConsole } from '../support/apps/console.js';
import { compileProject, makeForeignProject } from '../support/processes/packed-protocol.js';
import { publishArtifacts, startMedia, type TestMedia } from '../support/media/media.js';
import { script } from '../support/rows/rows.js';
import { onBothDatabases } from '../support/servers/databases.js';
import { type RedisServer, startRedis } from '../support/servers/redis.js';

const text = readFileSync(resolve(import.meta.dirname, '../../docs/bus.md'), 'utf8');
/** Its programs, by the file that their first line names. */
const programs = new Map(
  [...text.matchAll(/^```(?:ts|sh)\n(?:\/\/|#) ([\w-]+\.(?:ts|sh))\n([^]*?)^```$/gm)].map(
    ([, name = '', body = '']) => [name, body],
  ),
);
const SEALING_KEY = 'a7'.repeat(32);
const run = promisify(execFile);

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'infinibay-orchestrator-'));
  const linked = [
    '@nestjs/common',
    '@nestjs/core',
    '@nestjs/microservices',
    'rxjs',
    'reflect-metadata',
    'ioredis',
    '@types/node',
  ];
  makeForeignProject(folder, linked);
  for (const [name, body] of programs) writeFileSync(join(folder, name), body);
}, 120_000);
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const installed = (path = ''): string => join(folder, 'node_modules/@infinibay/protocol', path);
const declarations = (): string[] =>
  readdirSync(installed('dist'), { recursive: true, encoding: 'utf8' }).filter((path) =>
    path.endsWith('.d.ts'),
  );

describe('the package', () => {
  it('holds what it exports, and no source, test or fixture', () => {
    const files = readdirSync(installed(), { recursive: true, encoding: 'utf8' }).filter((path) =>
      statSync(installed(path)).isFile(),
    );
    expect(files).toEqual(
      expect.arrayContaining([
        'asyncapi.yaml',
        'schemas/media-request.schema.json',
        'dist/index.js',
        'dist/index.d.ts',
      ]),
    );
    expect(
      files.filter(
        (path) => !/^(dist\/.*\.(js|d\.ts)|schemas\/.*\.json|asyncapi\.yaml|package\.json)$/.test(path),
      ),
    ).toEqual([]);
    expect(files.filter((path) => /spec|generate/.test(path))).toEqual([]);
  });

  it('has types that can be read: named, and no list written out as a type', () => {
    for (const path of declarations()) {
      const lines = readFileSync(installed(join('dist', path)), 'utf8').split('\n');
      expect([path, lines.length < 400, Math.max(...lines.map((line) => line.length)) < 2000]).toEqual([
        path,
        true,
        true,
      ]);
    }
    const request = readFileSync(installed('dist/media/request.d.ts'), 'utf8');
    expect(request).toContain('export interface MediaRequest ');
    expect(readFileSync(installed('dist/media/locales-and-keyboards.d.ts'), 'utf8')).toContain(
      'LOCALES: readonly string[]',
    );
  });

  it('compiles in programs of others, which it also keeps from mistakes', () => {
    expect(
      compileProject(
        folder,
        [...programs.keys()].filter((name) => name.endsWith('.ts')),
      ),
    ).toBe('');
    const id = "'7c0d6f0e-3f5e-4d0c-9d55-1b2f3a4b5c6d'";
    const lines = [
      "import type { BusRequestOf, BusResultOf, MediaRequestInput } from '@infinibay/protocol';",
      `export const right: BusRequestOf<'media.get'> = { requestId: 'order-4711', id: ${id} };`,
      `export const noId: BusRequestOf<'media.get'> = { id: ${id} };`,
      "export const noPattern: BusRequestOf<'media.make'> = {};",
      "export const noStatus = (r: BusResultOf<'script.cancel'>) => r.status === 'BOGUS';",
      "export const noDelivery: MediaRequestInput['delivery'] = 'pxe';",
    ];
    writeFileSync(join(folder, 'mistakes.ts'), lines.join('\n'));
    const said = compileProject(folder, ['mistakes.ts']);
    const found = [...said.matchAll(/^mistakes\.ts\((\d+),/gm)].map(([, line]) => Number(line));
    expect([...new Set(found)]).toEqual([3, 4, 5, 6]);
  }, 120_000);
});

it('docs/bus.md names every pattern and event, with its time-out', () => {
  for (const { pattern, timeoutMs } of Object.values(BusRequests))
    expect(text).toMatch(new RegExp(`^\\| \`${pattern}\` .*\\| +${timeoutMs / 1000} s +\\|$`, 'm'));
  for (const { pattern, schema, audience } of BUS_EVENTS)
    if (audience === 'orchestrators')
      expect(text).toMatch(
        new RegExp(`^\\| \`${pattern}\` +\\| \`\\{ ${Object.keys(schema.shape).join(', ')} \\}\``, 'm'),
      );
});

onBothDatabases('the programs of docs/bus.md', (given) => {
  let redis: RedisServer;
  let database: Database;
  let media: TestMedia;
  let console: TestConsole;
  beforeAll(async () => {
    redis = await startRedis();
    database = given().database;
    const env = { REDIS_URL: redis.url, SEALING_KEY };
    media = await startMedia(given().url, { ...env, MEDIA_URL: 'http://media.example:4002' });
    console = await startConsole(given().url, { env });
    await publishArtifacts(database);
  }, 120_000);
  afterAll(async () => {
    await console.stop();
    await media.stop();
    await redis.stop();
  });

  const start = async (program: string, args: string[], env: Record<string, string>): Promise<string[]> => {
    const { stdout, stderr } = await run(program, args, {
      cwd: folder,
      env: { PATH: process.env['PATH'], REDIS_URL: redis.url, ...env },
      timeout: 60_000,
    });
    expect(stderr).toBe('');
    return stdout.trimEnd().split('\n');
  };

  it('run: the client with Nest makes a medium and asks for one of Windows', async () => {
    const lines = await start(process.execPath, ['nest-client.js'], {
      SEALING_PUBLIC_KEY: sealingPublicKey(SEALING_KEY),
    });
    const [id, url] = lines.find((line) => line.includes('http'))?.split(' ') ?? [];
    expect(url).toBe(`http://media.example:4002/media/${id}/files/seed.iso`);
    expect(lines.at(-1)).toBe('2.0');
  }, 120_000);

  it('run: the client without Nest schedules, cancels twice and hears of it', async () => {
    const scriptId = await script(database, 'echo one');
    const { body } = await console.request('POST', '/api/machines', { name: 'web-2' });
    const machineId = String(body.id);
    const lines = await start(process.execPath, ['node-client.js'], {
      SCRIPT_ID: scriptId,
      MACHINE_ID: machineId,
    });
    expect(lines.slice(0, 2)).toEqual(['PENDING', 'CANCELLED true']);
    expect(lines[2]).toMatch(
      /^execution\.changed \{"executionId":".*","machineId":".*","status":"CANCELLED"\}$/,
    );
  }, 120_000);

  it('run: a request is signed to the value that stands there', async () => {
    const [mac] = await start(process.execPath, ['sign.js'], {});
    expect(text).toContain(`// ${mac}`);
  });

  it('run: curl seals a password, which opens for that user on that machine', async () => {
    const lines = (await start('bash', ['seal.sh'], { CONSOLE_URL: console.url, CONSOLE_TOKEN })).join('\n');
    const [key, sealed] = lines
      .replace('}{', '}\n{')
      .split('\n')
      .map((line) => JSON.parse(line) as Record<string, string>);
    expect(key).toEqual({
      algorithm: 'X25519-HKDF-SHA256-AES256GCM',
      publicKey: sealingPublicKey(SEALING_KEY),
    });
    const owner = { vmId: '7c0d6f0e-3f5e-4d0c-9d55-1b2f3a4b5c6d', user: 'Ada' };
    expect(openSealedPassword(SEALING_KEY, owner, sealed?.['passwordSealed'] ?? '')).toBe('Pass-word-1');
  });
});
