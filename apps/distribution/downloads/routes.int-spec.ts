import { mkdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { sha256, startDistribution, type TestDistribution } from '../../../test/support/apps/distribution.js';

const LINUX = Buffer.from(Array.from({ length: 100_000 }, (_, index) => (index * 7 + (index >> 8)) % 256));
const WINDOWS = 'MZ windows agent';
const SH = '#!/bin/sh\necho installing\n';
const PS1 = 'Write-Output "installing"\r\n';

let server: TestDistribution;
beforeAll(async () => {
  server = await startDistribution({
    'binaries/linux/infiniservice': LINUX,
    'binaries/windows/infiniservice.exe': WINDOWS,
    'install/install-linux.sh': SH,
    'install/install-windows.ps1': PS1,
  });
});
afterAll(() => server.stop());

describe('the routes that installed media name', () => {
  it.each([
    ['/infiniservice/linux/binary', LINUX, 'application/octet-stream', 'infiniservice'],
    ['/infiniservice/windows/binary', WINDOWS, 'application/octet-stream', 'infiniservice.exe'],
    ['/infiniservice/linux/script', SH, 'application/x-sh', 'install-linux.sh'],
    ['/infiniservice/windows/script', PS1, 'text/plain; charset=utf-8', 'install-windows.ps1'],
  ])('%s gives the file with its name, type and hash', async (path, content, type, file) => {
    const answer = await server.get(path);
    const hash = sha256(content);
    expect(answer.status).toBe(200);
    expect(answer.bytes.equals(Buffer.from(content))).toBe(true);
    expect(answer.headers).toMatchObject({
      'content-type': type,
      'content-disposition': `attachment; filename="${file}"`,
      'content-length': String(content.length),
      etag: `"${hash}"`,
      'accept-ranges': 'bytes',
      'cache-control': 'no-cache',
      'repr-digest': `sha-256=:${Buffer.from(hash, 'hex').toString('base64')}:`,
    });
    expect(Number.isNaN(Date.parse(String(answer.headers['last-modified'])))).toBe(false);

    const head = await server.get(path, {}, { method: 'HEAD' });
    expect(head.status).toBe(200);
    expect(head.bytes).toHaveLength(0);
    for (const name of [
      'content-type',
      'content-disposition',
      'content-length',
      'etag',
      'repr-digest',
      'last-modified',
    ])
      expect(head.headers[name]).toBe(answer.headers[name]);
  });

  it('metadata lists what lies on disk with sizes and hashes', async () => {
    const { status, body } = await server.get('/infiniservice/metadata');
    expect(status).toBe(200);
    expect(body).toMatchObject({
      version: expect.stringMatching(/^0\.0\.0-[0-9a-f]{12}$/),
      platforms: ['windows', 'linux'],
      updated: expect.stringMatching(/^\d{4}-.*Z$/),
    });
    expect(body.artifacts).toHaveLength(4);
    expect(body.artifacts).toContainEqual({
      platform: 'linux',
      arch: 'x86_64',
      kind: 'binary',
      file: 'infiniservice',
      version: `0.0.0-${sha256(LINUX).slice(0, 12)}`,
      size: LINUX.length,
      sha256: sha256(LINUX),
      signature: null,
    });
  });

  it('the same content lies under its hash for ever, and under its version', async () => {
    const hash = sha256(LINUX);
    for (const path of [
      `/infiniservice/sha256/${hash}`,
      `/infiniservice/v/0.0.0-${hash.slice(0, 12)}/linux/x86_64/infiniservice`,
    ]) {
      const answer = await server.get(path);
      expect(answer.bytes.equals(LINUX)).toBe(true);
      expect(answer.headers['cache-control']).toContain('immutable');
    }
    expect((await server.get('/infiniservice/v/9.9.9/linux/x86_64/infiniservice')).status).toBe(404);
    expect((await server.get(`/infiniservice/sha256/${'0'.repeat(64)}`)).body).toMatchObject({
      code: 'artifact.not_found',
    });
  });

  it('have names of architectures, and the aliases that systems use', async () => {
    const arm = 'an agent for arm64';
    server.put('binaries/linux/aarch64/infiniservice', arm);
    for (const arch of ['aarch64', 'arm64'])
      expect((await server.get(`/infiniservice/linux/binary?arch=${arch}`)).text).toBe(arm);
    for (const arch of ['x86_64', 'amd64', 'x64'])
      expect((await server.get(`/infiniservice/linux/binary?arch=${arch}`)).bytes.equals(LINUX)).toBe(true);
    for (const arch of ['mips', 'constructor', '__proto__'])
      expect(await server.get(`/infiniservice/linux/binary?arch=${arch}`)).toMatchObject({
        status: 400,
        body: { code: 'artifact.unknown_arch', message: expect.stringContaining('aarch64') },
      });
    rmSync(join(server.folder, 'binaries/linux/aarch64'), { recursive: true });
  });

  it('a metadata.json that an operator wrote wins for version and platforms, and a broken one is said', async () => {
    const path = join(server.folder, 'metadata.json');
    writeFileSync(path, JSON.stringify({ version: '2.1.0', platforms: ['linux'] }));
    expect((await server.get('/infiniservice/metadata')).body).toMatchObject({
      version: '2.1.0',
      platforms: ['linux'],
    });
    writeFileSync(path, '{"version":');
    expect(await server.get('/infiniservice/metadata')).toMatchObject({
      status: 500,
      body: { code: 'artifact.metadata_invalid', message: expect.stringContaining(path) },
    });
    expect((await server.get('/infiniservice/linux/binary')).status).toBe(200);
    rmSync(path);
  });
});

describe('conditions and ranges', () => {
  const path = '/infiniservice/linux/binary';
  const etag = `"${sha256(LINUX)}"`;

  it('answer 304 without a body when the client has it already', async () => {
    for (const method of ['GET', 'HEAD'])
      for (const tag of [etag, `W/${etag}`, `"other", ${etag}`, '*']) {
        const answer = await server.get(path, { 'if-none-match': tag }, { method });
        expect(answer.status).toBe(304);
        expect(answer.bytes).toHaveLength(0);
        expect(answer.headers['etag']).toBe(etag);
      }
    expect((await server.get(path, { 'if-none-match': '"other"' })).status).toBe(200);
  });

  it.each([
    ['bytes=0-0', 0, 1],
    ['bytes=10-19', 10, 20],
    ['bytes=99990-', 99_990, 100_000],
    ['bytes=-5', 99_995, 100_000],
    ['bytes=99990-200000', 99_990, 100_000],
  ])('%s gives exactly that part, and the digest of the whole', async (range, start, end) => {
    const answer = await server.get(path, { range });
    expect(answer.status).toBe(206);
    expect(answer.bytes.equals(LINUX.subarray(start, end))).toBe(true);
    expect(answer.headers).toMatchObject({
      'content-range': `bytes ${start}-${end - 1}/${LINUX.length}`,
      'content-length': String(end - start),
      etag,
      'repr-digest': `sha-256=:${Buffer.from(sha256(LINUX), 'hex').toString('base64')}:`,
    });
  });

  it('answer 416 with the size when nothing of the range is there', async () => {
    for (const range of ['bytes=100000-', 'bytes=-0']) {
      const answer = await server.get(path, { range });
      expect(answer.status).toBe(416);
      expect(answer.headers['content-range']).toBe('bytes */100000');
      expect(answer.bytes).toHaveLength(0);
    }
  });

  it('give the whole to a range that is not understood, and to HEAD', async () => {
    for (const range of ['bytes=0-1,5-6', 'lines=1-2', 'bytes=9-1'])
      expect(await server.get(path, { range })).toMatchObject({ status: 200, bytes: LINUX });
    expect(
      (await server.get(path, { range: 'bytes=0-1' }, { method: 'HEAD' })).headers['content-length'],
    ).toBe('100000');
  });

  it('give a part only while the file is the one the client began with', async () => {
    const range = 'bytes=5-9';
    const modified = String((await server.get(path)).headers['last-modified']);
    for (const [condition, status] of [
      [etag, 206],
      [modified, 206],
      ['"other"', 200],
      [`W/${etag}`, 200],
      ['Thu, 01 Jan 1970 00:00:00 GMT', 200],
    ] as const)
      expect((await server.get(path, { range, 'if-range': condition })).status).toBe(status);
  });

  it('work for an empty file', async () => {
    server.put('install/install-windows.ps1', '');
    expect(await server.get('/infiniservice/windows/script')).toMatchObject({
      status: 200,
      text: '',
      headers: { 'content-length': '0', etag: `"${sha256('')}"` },
    });
    expect((await server.get('/infiniservice/windows/script', { range: 'bytes=0-' })).status).toBe(416);
    server.put('install/install-windows.ps1', PS1);
    expect((await server.get('/infiniservice/windows/script')).text).toBe(PS1);
  });
});

describe('what is not there', () => {
  it('an unknown platform is 400 with the known ones', async () => {
    for (const platform of ['macos', 'Linux', 'LINUX', '%20', 'constructor'])
      for (const kind of ['binary', 'script']) {
        const answer = await server.get(`/infiniservice/${platform}/${kind}`);
        expect(answer).toMatchObject({ status: 400, body: { code: 'artifact.unknown_platform' } });
        expect(answer.body.message).toContain('windows and linux');
        expect(answer.body.error).toBe(answer.body.message);
      }
  });

  it('a missing file is 404 with its path and what to run', async () => {
    const path = join(server.folder, 'binaries/linux/infiniservice');
    rmSync(path);
    const answer = await server.get('/infiniservice/linux/binary');
    expect(answer).toMatchObject({ status: 404, body: { code: 'artifact.not_found' } });
    expect(answer.body.message).toContain(path);
    expect(answer.body.message).toContain('npm run build:agent');
    expect(answer.headers['content-type']).toMatch(/^application\/json/);
    expect(answer.headers['content-disposition']).toBeUndefined();
    mkdirSync(path);
    expect((await server.get('/infiniservice/linux/binary')).body).toMatchObject({
      code: 'artifact.not_found',
      message: expect.stringContaining('is not a file'),
    });
    rmSync(path, { recursive: true });
    server.put('binaries/linux/infiniservice', LINUX);
    expect((await server.get('/infiniservice/linux/binary')).status).toBe(200);
  });

  it('a path trick reads nothing outside the table of names', async () => {
    const secret = 'canary outside of the folder';
    writeFileSync(join(server.folder, '..', 'secret'), secret);
    writeFileSync(join(server.folder, 'secret'), secret);
    symlinkSync('../secret', join(server.folder, '.by-sha256', 'f'.repeat(64)));
    for (const path of [
      '/infiniservice/../secret',
      '/infiniservice/..%2fsecret/binary',
      '/infiniservice/..%2f..%2f..%2f..%2fetc%2fpasswd/binary',
      '/infiniservice/%2e%2e/secret',
      '/infiniservice/linux/../../secret',
      '/infiniservice/linux%2f..%2f..%2fsecret/binary',
      '/infiniservice/linux%00/binary',
      '/infiniservice/linux/binary%2f..%2f..%2fsecret',
      '/infiniservice/linux/secret',
      '/infiniservice/secret',
      '/infiniservice/.by-sha256',
      '/infiniservice/sha256/..%2fsecret',
      `/infiniservice/sha256/${'f'.repeat(64)}`,
      `/infiniservice/sha256/${'F'.repeat(64)}`,
      '/infiniservice/v/..%2f../linux/x86_64/infiniservice',
      '/infiniservice/v/1/linux/x86_64/..%2f..%2fsecret',
      '/infiniservice/linux/binary?arch=..%2f..%2fsecret',
      '//infiniservice/linux/binary/../../../secret',
      '/infiniservice\\..\\secret',
    ]) {
      const answer = await server.get(path);
      expect([400, 404]).toContain(answer.status);
      expect(answer.text).not.toContain('canary');
      expect(answer.body.error).toBe(answer.body.message);
    }
  });

  it('what changes something is no route, and a body that is too large is refused', async () => {
    for (const method of ['POST', 'PUT', 'DELETE', 'PATCH'])
      expect(await server.get('/infiniservice/linux/binary', {}, { method })).toMatchObject({
        status: 405,
        headers: { allow: 'GET, HEAD, OPTIONS' },
      });
    const body = JSON.stringify({ x: 'x'.repeat(100_000) });
    const headers = { 'content-type': 'application/json', 'content-length': String(body.length) };
    expect(
      (await server.get('/infiniservice/linux/binary', headers, { method: 'POST', body })).status,
    ).toBeGreaterThanOrEqual(400);
  });

  it('the operators’ pages are not on the guests’ port', async () => {
    for (const path of ['/metrics', '/api/machines', '/openapi.json'])
      expect((await server.get(path)).status).toBe(404);
    expect((await server.get('/readyz')).status).toBe(200);
  });
});

describe('metrics', () => {
  it('are on a port of their own on loopback, and only they', async () => {
    await server.get('/infiniservice/linux/script');
    expect(new URL(server.metricsUrl).hostname).toBe('127.0.0.1');
    const page = await fetch(server.metricsUrl);
    expect(page.status).toBe(200);
    expect(await page.text()).toMatch(/^infinibay_distribution_bytes_total\{kind="script"\} [1-9]/m);
    for (const path of ['/', '/infiniservice/metadata', '/metrics/x'])
      expect((await fetch(new URL(path, server.metricsUrl))).status).toBe(404);
    expect((await fetch(server.metricsUrl, { method: 'POST', body: 'x' })).status).toBe(404);
  });
});
