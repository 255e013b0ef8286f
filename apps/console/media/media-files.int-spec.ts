import { randomBytes, randomUUID } from 'node:crypto';
import { createServer, get, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, afterEach, beforeAll, expect, it } from '@jest/globals';
import { startConsole, type TestConsole } from '../../../test/support/apps/console.js';
import {
  MEDIA_TOKEN,
  publishArtifacts,
  startMedia,
  type TestMedia,
} from '../../../test/support/media/media.js';
import { newId, onBothDatabases } from '../../../test/support/servers/databases.js';
import { waitFor } from '../../../test/support/wait.js';
import { type FileLimits, FILE_LIMITS, FILE_LIMITS_TOKEN } from './media.service.js';

const AUTHORIZED = { authorization: `Bearer ${MEDIA_TOKEN}` };

onBothDatabases('a file of a medium, through the console,', (given) => {
  let media: TestMedia;
  let operators: TestConsole;
  let path: string;
  let bytes: Buffer;
  beforeAll(async () => {
    media = await startMedia(given().url);
    await publishArtifacts(given().database);
    const env = { MEDIA_URL: media.app.url, CONSOLE_TOKEN: MEDIA_TOKEN };
    operators = await startConsole(given().url, { env });
    const os = { family: 'ubuntu', version: '24.04' };
    const request = { vmId: newId(), hostname: 'web-1', os, source: 'cloud-image' };
    const { body: made } = await media.request('POST', '/media', request);
    path = `/media/${made.id}/files/seed.iso`;
    ({ bytes } = await media.request('GET', path));
  });
  afterAll(async () => {
    await operators.stop();
    await media.stop();
  });
  const ask = async (method: string, headers: Record<string, string> = {}) => {
    const response = await fetch(`${operators.url}/api${path}`, {
      method,
      headers: { ...AUTHORIZED, ...headers },
    });
    return {
      status: response.status,
      headers: response.headers,
      bytes: Buffer.from(await response.arrayBuffer()),
    };
  };

  it('is whole, with what a later question needs', async () => {
    const whole = await ask('GET');
    expect([whole.status, whole.bytes.equals(bytes)]).toEqual([200, true]);
    expect(whole.headers.get('accept-ranges')).toBe('bytes');
    expect(whole.headers.get('content-length')).toBe(String(bytes.length));
    expect(whole.headers.get('content-disposition')).toBe('attachment; filename="seed.iso"');
    const etag = whole.headers.get('etag') ?? '';
    expect(await ask('GET', { 'if-none-match': etag })).toMatchObject({
      status: 304,
      bytes: Buffer.alloc(0),
    });
    const head = await ask('HEAD');
    expect([head.status, head.bytes.length]).toEqual([200, 0]);
    expect(head.headers.get('content-length')).toBe(String(bytes.length));
  });

  it.each([
    ['bytes=10-19', 10, 20],
    ['bytes=40000-', 40_000, undefined],
    ['bytes=-7', -7, undefined],
  ])('goes on where it broke off: %s', async (range, from, to) => {
    const part = await ask('GET', { range });
    const wanted = bytes.subarray(from, to);
    expect([part.status, part.bytes.equals(wanted)]).toEqual([206, true]);
    const first = bytes.length - bytes.subarray(from).length;
    expect(part.headers.get('content-range')).toBe(
      `bytes ${first}-${first + wanted.length - 1}/${bytes.length}`,
    );
    const etag = part.headers.get('etag') ?? '';
    expect((await ask('GET', { range, 'if-range': etag })).status).toBe(206);
    expect((await ask('GET', { range, 'if-range': '"another"' })).status).toBe(200);
  });

  it('has no bytes beyond its end', async () => {
    const beyond = await ask('GET', { range: `bytes=${bytes.length}-` });
    expect([beyond.status, beyond.headers.get('content-range')]).toEqual([416, `bytes */${bytes.length}`]);
  });
});

/** A media app that behaves as each test says. */
onBothDatabases('a file of a medium, from a media app that is slow or silent,', (given) => {
  let answer: (response: ServerResponse) => void = () => undefined;
  let operators: TestConsole;
  let limits: FileLimits;
  const server: Server = createServer((_request, response) => answer(response));
  const open = (): Promise<number> =>
    new Promise((resolve) => server.getConnections((_error, count) => resolve(count)));
  beforeAll(async () => {
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const env = { MEDIA_URL: `http://127.0.0.1:${(server.address() as AddressInfo).port}` };
    operators = await startConsole(given().url, { env: { ...env, CONSOLE_TOKEN: MEDIA_TOKEN } });
    limits = operators.app.app.get<FileLimits>(FILE_LIMITS_TOKEN, { strict: false });
  });
  afterEach(() => {
    Object.assign(limits, { headMs: 60_000, idleMs: 60_000 });
    server.closeAllConnections();
  });
  afterAll(async () => {
    await operators.stop();
    await new Promise((resolve) => server.close(resolve));
  });
  const ask = (): Promise<Response> =>
    fetch(`${operators.url}/api/media/${randomUUID()}/files/initrd`, { headers: AUTHORIZED });

  it('has a minute for its head and for each silence, and none for its whole', () => {
    expect(FILE_LIMITS).toEqual({ headMs: 60_000, idleMs: 60_000 });
  });

  it('comes whole, however long it takes, while something comes', async () => {
    Object.assign(limits, { headMs: 2000, idleMs: 2000 });
    answer = (response) => {
      let left = 30;
      response.writeHead(200, { 'content-length': left * 1000 });
      const timer = setInterval(() => {
        response.write('x'.repeat(1000));
        if ((left -= 1) > 0) return;
        clearInterval(timer);
        response.end();
      }, 150);
    };
    const begun = performance.now();
    const response = await ask();
    expect((await response.arrayBuffer()).byteLength).toBe(30_000);
    expect(performance.now() - begun).toBeGreaterThan(4000);
  }, 60_000);

  it('is 503 when no head comes', async () => {
    limits.headMs = 300;
    answer = () => undefined;
    const response = await ask();
    expect([response.status, await response.json()]).toEqual([
      503,
      expect.objectContaining({ code: 'media.unavailable' }),
    ]);
  }, 60_000);

  it('is broken off when it falls silent, and the connection to the media app closed', async () => {
    limits.idleMs = 300;
    answer = (response) => response.writeHead(200, { 'content-length': 1000 }).write('begun');
    const response = await ask();
    await expect(response.arrayBuffer()).rejects.toThrow();
    await waitFor(async () => (await open()) === 0, { what: 'the media app is left' });
  }, 60_000);

  it('is not held by a reader that takes nothing, or that is gone', async () => {
    limits.idleMs = 1000;
    const much = randomBytes(32 * 1_048_576);
    answer = (response) => response.writeHead(200, { 'content-length': much.length }).end(much);
    const begin = (): Promise<IncomingMessage> =>
      new Promise((resolve, reject) => {
        const url = `${operators.url}/api/media/${randomUUID()}/files/initrd`;
        get(url, { headers: AUTHORIZED }, (response) => resolve(response.pause())).once('error', reject);
      });
    const idle = await begin();
    idle.once('error', () => undefined);
    await waitFor(async () => (await open()) === 0, { what: 'the media app is left by who takes nothing' });
    limits.idleMs = 60_000;
    const gone = await begin();
    gone.once('error', () => undefined).destroy();
    await waitFor(async () => (await open()) === 0, { what: 'the media app is left by who is gone' });
  }, 60_000);
});
