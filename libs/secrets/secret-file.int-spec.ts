import {
  chmodSync,
  chownSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { Worker } from 'node:worker_threads';
import { afterEach, beforeEach, expect, it } from '@jest/globals';
import { isForeign, secretFile } from './secret-file.js';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'infinibay-secret-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const modeOf = (path: string): string => (statSync(path).mode & 0o777).toString(8);

it('makes a secret of 32 bytes that only its owner may read, in a folder closed to others', () => {
  const before = process.umask(0);
  try {
    const path = join(folder, 'deep', 'down', 'console.token');
    const made = secretFile(path);
    expect(made).toMatch(/^[0-9a-f]{64}$/);
    expect(modeOf(path)).toBe('600');
    expect(modeOf(join(folder, 'deep', 'down'))).toBe('750');
    expect(readdirSync(join(folder, 'deep', 'down'))).toEqual(['console.token']);
    expect(secretFile(path)).toBe(made);
  } finally {
    process.umask(before);
  }
});

it('takes a secret that an operator put there, without its line end', () => {
  const path = join(folder, 'token');
  writeFileSync(path, 'operators-own-secret\n', { mode: 0o600 });
  expect(secretFile(path)).toBe('operators-own-secret');
});

it.each([0o640, 0o604, 0o644, 0o660])(
  'refuses a file that others may read or write (%o), with what to do',
  (mode) => {
    const path = join(folder, 'token');
    writeFileSync(path, 'operators-own-secret\n');
    chmodSync(path, mode);
    expect(() => secretFile(path)).toThrow(
      expect.objectContaining({
        code: 'secret.exposed',
        message: expect.stringContaining(`chmod 600 ${path}`),
      }),
    );
  },
);

it("takes what is its own user's or root's, and nobody else's", () => {
  expect([isForeign(1000, 1000), isForeign(0, 1000), isForeign(1001, 1000), isForeign(1000, 0)]).toEqual([
    false,
    false,
    true,
    true,
  ]);
});

// Only root can give a file away.
(process.getuid?.() === 0 ? it : it.skip)('refuses a file of another user, whatever its mode', () => {
  const path = join(folder, 'token');
  writeFileSync(path, 'operators-own-secret\n', { mode: 0o600 });
  chownSync(path, 65_534, 65_534);
  expect(() => secretFile(path)).toThrow(
    expect.objectContaining({ code: 'secret.exposed', message: expect.stringContaining('(uid 65534)') }),
  );
});

it('refuses an empty or a short one and does not replace it', () => {
  const path = join(folder, 'token');
  for (const text of ['', '\n', 'short\n']) {
    writeFileSync(path, text, { mode: 0o600 });
    expect(() => secretFile(path)).toThrow(expect.objectContaining({ code: 'secret.short' }));
    expect(readFileSync(path, 'utf8')).toBe(text);
  }
});

const TYPESCRIPT = resolve(import.meta.dirname, '../../test/support/typescript.mjs');

it('gives processes that start at once the same secret', async () => {
  const path = join(folder, 'token');
  const source = `
    const { parentPort, workerData } = require('node:worker_threads');
    import(workerData.typescript).then(() => import(workerData.module)).then(({ secretFile }) => {
      Atomics.add(workerData.gate, 0, 1);
      while (Atomics.load(workerData.gate, 0) < workerData.count);
      parentPort.postMessage(secretFile(workerData.path));
    });`;
  const gate = new Int32Array(new SharedArrayBuffer(4));
  const count = 4;
  const secrets = await Promise.all(
    Array.from(
      { length: count },
      () =>
        new Promise<string>((done, reject) => {
          const worker = new Worker(source, {
            eval: true,
            workerData: {
              typescript: TYPESCRIPT,
              module: `${import.meta.dirname}/secret-file.ts`,
              path,
              gate,
              count,
            },
            execArgv: ['--no-warnings', '--experimental-transform-types'],
          });
          worker.once('message', done);
          worker.once('error', reject);
        }),
    ),
  );
  expect(new Set(secrets).size).toBe(1);
  expect(readdirSync(folder)).toEqual(['token']);
});
