import { spawn } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { Agent, get, type IncomingMessage } from 'node:http';
import { createServer, connect, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Download, openDatabase } from '#db';
import { sha256, startDistribution, type TestDistribution } from '../../../test/support/apps/distribution.js';
import { send } from '../../../test/support/apps/http.js';
import { LOOKS, progressOf } from '../../../test/support/apps/reader-watch.js';
import { waitFor } from '../../../test/support/wait.js';

const MIB = 1_048_576;
/** More than the buffers of sockets and streams hold, so that a reader that stops makes the server wait. */
const OLD = randomBytes(24 * MIB);
const NEW = randomBytes(24 * MIB);
const PATH = '/infiniservice/linux/binary';

let server: TestDistribution;
beforeAll(async () => {
  server = await startDistribution({
    'binaries/linux/infiniservice': OLD,
    'install/install-linux.sh': 'echo 1\n',
  });
});
afterAll(() => server.stop());

/** A response whose body nobody reads yet. */
function begin(url: string, agent?: Agent): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    get(url, { agent }, (response) => resolve(response.pause())).once('error', reject);
  });
}

async function hashOf(response: IncomingMessage): Promise<string> {
  const hash = createHash('sha256');
  for await (const chunk of response) hash.update(chunk as Buffer);
  return hash.digest('hex');
}

function curl(args: string[]): Promise<number | null> {
  return new Promise((resolve) => {
    spawn('curl', ['--silent', '--show-error', '--fail', '--max-time', '60', ...args], {
      stdio: 'ignore',
    }).once('close', resolve);
  });
}

/** Asks for the artifact and takes no byte of the answer but what the test reads. */
function pausedReader(url: string): Socket {
  const { hostname, port } = new URL(url);
  const reader = connect(Number(port), hostname, () =>
    reader.write(`GET ${PATH} HTTP/1.1\r\nHost: x\r\n\r\n`),
  );
  return reader.pause().once('error', () => undefined);
}

describe('an artifact that is replaced', () => {
  it('during slow downloads gives each of them one of the two whole, never a mixture', async () => {
    const early = await Promise.all(Array.from({ length: 4 }, () => begin(server.url + PATH)));
    server.put('binaries/linux/infiniservice', NEW);
    const late = await begin(server.url + PATH);
    expect(late.headers.etag).toBe(`"${sha256(NEW)}"`);
    expect(await hashOf(late)).toBe(sha256(NEW));
    for (const response of early) {
      expect(response.headers.etag).toBe(`"${sha256(OLD)}"`);
      expect(await hashOf(response)).toBe(sha256(OLD));
    }
  });

  it('in place, while others download, never gives a body that is not its ETag', async () => {
    const target = join(server.folder, 'binaries/linux/infiniservice');
    const downloads: Promise<[string | undefined, string]>[] = [];
    for (let round = 0; round < 6; round += 1) {
      // As cp does it: the same inode is cut and written again.
      writeFileSync(target, round % 2 === 0 ? OLD : NEW);
      for (let count = 0; count < 3; count += 1)
        downloads.push(
          begin(server.url + PATH).then(async (response) => [response.headers.etag, await hashOf(response)]),
        );
      await Promise.race(downloads.slice(-3));
    }
    for (const [etag, hash] of await Promise.all(downloads)) expect(etag).toBe(`"${hash}"`);
  });

  it('stays available under its hash, also after a restart, because media pin it', async () => {
    server.put('binaries/linux/infiniservice', OLD);
    expect((await server.get(PATH)).headers['etag']).toBe(`"${sha256(OLD)}"`);
    server.put('binaries/linux/infiniservice', NEW);
    expect((await server.get(PATH)).headers['etag']).toBe(`"${sha256(NEW)}"`);
    const pinned = `/infiniservice/sha256/${sha256(OLD)}`;
    expect((await server.get(pinned)).bytes.equals(OLD)).toBe(true);
    await server.restart();
    expect((await server.get(pinned)).bytes.equals(OLD)).toBe(true);
    expect((await server.get(PATH)).bytes.equals(NEW)).toBe(true);
  });

  it('is hashed once, not with each request', async () => {
    await server.get(PATH, {}, { method: 'HEAD' });
    // What this process has read from files, pipes and sockets: proc(5).
    const read = (): number => Number(/^rchar: (\d+)/m.exec(readFileSync('/proc/self/io', 'utf8'))?.[1]);
    const before = read();
    for (let count = 0; count < 50; count += 1) await server.get(PATH, {}, { method: 'HEAD' });
    expect(read() - before).toBeLessThan(NEW.length);
  });
});

describe('a kept copy that is damaged on disk', () => {
  const kept = (content: Buffer): string => join(server.folder, '.by-sha256', sha256(content));

  it('is made again from the artifact, and never sent as if it were whole', async () => {
    await server.get(PATH, {}, { method: 'HEAD' });
    truncateSync(kept(NEW), 1000);
    const cut = await server.get(PATH);
    expect(cut.bytes.equals(NEW)).toBe(true);
    const flipped = readFileSync(kept(NEW));
    flipped[5] = (flipped[5] ?? 0) ^ 1;
    writeFileSync(kept(NEW), flipped);
    expect((await server.get(PATH)).bytes.equals(NEW)).toBe(true);
    rmSync(kept(NEW));
    expect((await server.get(PATH)).bytes.equals(NEW)).toBe(true);
  });

  it('of an older release is refused, with what to do', async () => {
    truncateSync(kept(OLD), 1000);
    const pinned = `/infiniservice/sha256/${sha256(OLD)}`;
    expect(await server.get(pinned)).toMatchObject({
      status: 503,
      body: {
        code: 'artifact.damaged',
        message: expect.stringContaining("put the same release's files back"),
      },
    });
    writeFileSync(kept(OLD), OLD);
    expect((await server.get(pinned)).bytes.equals(OLD)).toBe(true);
  });

  it('while it is read breaks the connection: no reader waits for the rest', async () => {
    const response = await begin(server.url + PATH);
    truncateSync(kept(NEW), MIB);
    await expect(hashOf(response)).rejects.toThrow(/aborted|reset/);
    expect((await server.get(PATH)).bytes.equals(NEW)).toBe(true);
  });
});

describe('readers', () => {
  it('200 at once get the whole, and memory does not grow with them', async () => {
    const agent = new Agent({ maxSockets: Infinity });
    const content = randomBytes(6 * MIB);
    server.put('binaries/linux/aarch64/infiniservice', content);
    const path = `${PATH}?arch=arm64`;
    await server.get(path, {}, { method: 'HEAD' });
    const before = process.memoryUsage.rss();
    let peak = before;
    const expected = sha256(content);
    const responses = await Promise.all(Array.from({ length: 200 }, () => begin(server.url + path, agent)));
    peak = Math.max(peak, process.memoryUsage.rss());
    const hashes = await Promise.all(
      responses.map(async (response) => {
        const hash = await hashOf(response);
        peak = Math.max(peak, process.memoryUsage.rss());
        return hash;
      }),
    );
    expect(hashes.filter((hash) => hash === expected)).toHaveLength(200);
    // 200 whole files would be 1,200 MiB. This process is server and clients in one.
    expect((peak - before) / MIB).toBeLessThan(600);
    agent.destroy();
  }, 120_000);

  it('that use one connection again and again leave nothing behind on it', async () => {
    const connections: Socket[] = [];
    const note = (socket: Socket): void => void connections.push(socket);
    server.httpServer.on('connection', note);
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    const download = async (): Promise<void> => {
      await hashOf(await begin(`${server.url}/infiniservice/linux/script`, agent));
    };
    const listeners = (): number =>
      connections.flatMap((socket) => socket.eventNames().flatMap((name) => socket.listeners(name))).length;
    await download();
    const after1 = listeners();
    for (let count = 0; count < 30; count += 1) await download();
    expect(connections).toHaveLength(1);
    expect(listeners()).toBe(after1);
    // Node's own limit for idle connections is back, so that they do not stay for ever.
    await waitFor(() => (connections[0]?.timeout ?? 0) > 0, { what: 'the limit for idle connections' });
    server.httpServer.off('connection', note);
    agent.destroy();
  });

  it('that take nothing are dropped after the idle limit', async () => {
    const impatient = await startDistribution({ 'binaries/linux/infiniservice': OLD }, { idleMs: 400 });
    const reader = pausedReader(impatient.url);
    const database = await openDatabase(impatient.databaseUrl);
    try {
      await waitFor(async () => (await database.work().count(Download, { result: 'aborted' })) === 1, {
        what: 'the record of the dropped download',
      });
    } finally {
      reader.destroy();
      await database.close();
      await impatient.stop();
    }
  }, 60_000);

  it('that are slow are not dropped, however late a write ends', async () => {
    // The limit never passes by itself here: the test says when a quarter of it has, as Node's timer does.
    const patient = await startDistribution({ 'binaries/linux/infiniservice': OLD }, { idleMs: 3_600_000 });
    const connections: Socket[] = [];
    patient.httpServer.on('connection', (socket: Socket) => void connections.push(socket));
    const reader = pausedReader(patient.url);
    try {
      const connection = await waitFor(() => connections[0], { what: 'the connection' });
      let { mark } = await waitFor(
        async () => {
          const [before, now] = [await progressOf(connection), await progressOf(connection)];
          const full = now.outstanding && connection.writableLength > 0 && now.mark === before.mark;
          return full ? now : undefined;
        },
        { what: 'all buffers to be full' },
      );
      for (let quarter = 0; quarter < 2 * LOOKS; quarter += 1) {
        await waitFor(
          async () => {
            reader.read();
            const now = await progressOf(connection);
            const moved = now.mark !== mark;
            ({ mark } = now);
            return moved;
          },
          { what: 'the kernel to say that the reader has taken something' },
        );
        connection.emit('timeout');
        expect(connection.destroyed).toBe(false);
      }
      // And now it stops.
      await waitFor(() => (connection.emit('timeout'), connection.destroyed), {
        what: 'the reader that stopped to be dropped',
      });
    } finally {
      reader.destroy();
      await patient.stop();
    }
  }, 120_000);

  it('are written down: what, how much, and whether to the end', async () => {
    const database = await openDatabase(server.databaseUrl);
    server.put('install/install-linux.sh', 'echo of its own\n');
    const hash = sha256('echo of its own\n');
    const rows = (): Promise<Download[]> => database.work().find(Download, { sha256: hash });
    // One row for all that one address fetches of a file in a day, however often.
    for (let count = 0; count < 20; count += 1)
      await server.get('/infiniservice/linux/script', { range: 'bytes=0-2' });
    const counted = async (): Promise<number> => (await rows()).reduce((sum, { count }) => sum + count, 0);
    await waitFor(async () => (await counted()) === 20, { what: 'the record' });
    // At midnight it may be two.
    expect((await rows()).length).toBeLessThanOrEqual(2);
    expect((await rows())[0]).toMatchObject({
      address: '127.0.0.1',
      who: '127.0.0.1',
      status: 206,
      result: 'complete',
    });
    expect((await rows()).reduce((sum, { bytes }) => sum + bytes, 0)).toBe(60);
    await database.close();
  });
});

describe('curl', () => {
  const folder = mkdtempSync(join(tmpdir(), 'infinibay-curl-'));
  let cutting: Server | undefined;
  afterAll(() => {
    cutting?.close();
    rmSync(folder, { recursive: true, force: true });
  });

  it('goes on where the connection was cut', async () => {
    server.put('binaries/linux/infiniservice', NEW);
    const { port } = new URL(server.url);
    let connections = 0;
    // A line that breaks after 5 MiB, the first time.
    cutting = createServer((client) => {
      connections += 1;
      const limit = connections === 1 ? 5 * MIB : Infinity;
      let passed = 0;
      const upstream = connect(Number(port), '127.0.0.1');
      client.pipe(upstream);
      upstream.on('data', (chunk) => {
        passed += chunk.length;
        client.write(chunk);
        if (passed > limit) client.destroySoon();
      });
      upstream.once('end', () => client.end());
      for (const socket of [client, upstream]) socket.once('error', () => undefined);
      client.once('close', () => upstream.destroy());
    }).listen(0, '127.0.0.1');
    await waitFor(() => cutting?.listening, { what: 'the line' });
    const line = `http://127.0.0.1:${(cutting.address() as { port: number }).port}${PATH}`;
    const file = join(folder, 'agent');
    expect(await curl(['--output', file, line])).not.toBe(0);
    const first = statSync(file).size;
    expect(first).toBeGreaterThan(MIB);
    expect(first).toBeLessThan(NEW.length);
    expect(await curl(['--continue-at', '-', '--output', file, line])).toBe(0);
    expect(sha256(readFileSync(file))).toBe(sha256(NEW));
  }, 60_000);

  it('-O -J saves under the name that the operating system expects', async () => {
    server.put('install/install-linux.sh', 'echo 1\n');
    const child = spawn('curl', ['-sSfOJ', `${server.url}/infiniservice/linux/script`], { cwd: folder });
    expect(await new Promise((resolve) => child.once('close', resolve))).toBe(0);
    expect(readFileSync(join(folder, 'install-linux.sh'), 'utf8')).toBe('echo 1\n');
  });

  it('is told in JSON when there is nothing', async () => {
    expect(
      await send(server.url, '/infiniservice/windows/binary', { headers: { 'user-agent': 'curl/8' } }),
    ).toMatchObject({
      status: 404,
      body: { error: expect.stringContaining('infiniservice.exe is missing') },
    });
  });
});
