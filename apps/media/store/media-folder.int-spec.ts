import { spawnSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, statSync, utimesSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { afterAll, afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { AppError } from '#runtime';
import { command } from '../../../test/support/processes/commands.js';
import { start } from '../../../test/support/processes/processes.js';
import { waitFor } from '../../../test/support/wait.js';
import type { SeedFile } from '../families/seed-file.js';
import { makeChainIso } from '../deliveries/chain-iso.js';
import { MediaFolder } from './media-folder.js';
import { writeSeedFolder } from '../image/seed-folder.js';
import { makeSeedImage } from '../image/iso.js';
import { makeBootableSeed } from '../image/seed-image.js';
import { SUBIQUITY } from '../families/ubuntu/installer.js';
import { sha256OfFile } from '../image/written-file.js';

const SUPPORT = join(import.meta.dirname, '../../../test/support');
/** A first medium takes 150 to 500 ms, and more on a busy machine. */
const KILLED_WITHIN_MS = 700;

describe('the folder of media', () => {
  const path = mkdtempSync(join(tmpdir(), 'infinibay-folder-'));
  afterAll(() => rmSync(path, { recursive: true, force: true }));

  it('shows a medium whole or not at all', async () => {
    const folder = new MediaFolder(join(path, 'whole'));
    const id = randomUUID();
    await folder.publish(id, async (building) => {
      await writeFile(join(building, 'seed.iso'), 'whole');
      expect(existsSync(folder.folderOf(id))).toBe(false);
    });
    expect(readdirSync(folder.folderOf(id))).toEqual(['seed.iso']);
    await expect(folder.publish(randomUUID(), () => Promise.reject(new Error('no')))).rejects.toThrow('no');
    expect(readdirSync(folder.path)).toEqual([id]);
  });

  it('gives room once, to media that are built at the same time too', async () => {
    const mib = 1_048_576;
    const folder = new MediaFolder(join(path, 'quota'), 10 * mib);
    const build = (building: string): Promise<void> =>
      writeFile(join(building, 'seed.iso'), Buffer.alloc(3 * mib, 1));
    const ask = (needed: number): Promise<string> =>
      folder.publish(randomUUID(), build, needed).then(
        () => 'made',
        (error: AppError) => error.code,
      );
    expect((await Promise.all([ask(6 * mib), ask(6 * mib)])).sort()).toEqual([
      'made',
      'media.quota_exceeded',
    ]);
    // What was allowed and not taken is free again, and so is what a failure was allowed.
    await expect(
      folder.publish(randomUUID(), () => Promise.reject(new Error('no')), 6 * mib),
    ).rejects.toThrow('no');
    expect(await Promise.all([ask(3 * mib), ask(3 * mib)])).toEqual(['made', 'made']);
    expect(readdirSync(folder.path)).toHaveLength(3);
  });

  it('counts a medium that is being written once, whenever it is looked at', async () => {
    const mib = 1_048_576;
    for (let round = 0; round < 20; round += 1) {
      const folder = new MediaFolder(join(path, `once-${round}`), 6 * mib);
      const build = (building: string): Promise<void> =>
        writeFile(join(building, 'seed.iso'), Buffer.alloc(3 * mib, 1));
      await Promise.all([1, 2].map(() => folder.publish(randomUUID(), build, 3 * mib)));
      expect(readdirSync(folder.path)).toHaveLength(2);
    }
  });

  it('is swept of what a process that died has left, and of nothing that is new or known', async () => {
    const folder = new MediaFolder(join(path, 'sweep'));
    const [known, orphan, fresh] = [randomUUID(), randomUUID(), randomUUID()];
    const old = [`.building-${orphan}-00`, known, orphan, 'mine'];
    for (const name of [...old, fresh, `.building-${fresh}-00`])
      mkdirSync(join(folder.path, name), { recursive: true });
    for (const name of old) utimesSync(join(folder.path, name), 0, 0);
    const removed = await folder.sweep((id) => Promise.resolve(id === known));
    expect(removed.sort()).toEqual([`.building-${orphan}-00`, orphan].sort());
    expect(readdirSync(folder.path).sort()).toEqual([known, fresh, 'mine', `.building-${fresh}-00`].sort());
  });

  describe('that is full', () => {
    const mount = join(path, 'full');
    beforeEach(() => {
      mkdirSync(mount, { recursive: true });
      command('mount', ['-t', 'tmpfs', '-o', 'size=512k', 'tmpfs', mount]);
    });
    afterEach(() => {
      command('umount', [mount]);
    });

    const text = (bytes: number) => [{ name: 'user-data', content: 'x'.repeat(bytes) }];
    const make = { label: 'CIDATA', names: ['user-data'], sourceDateEpoch: 0 };
    const seed = async (building: string, files: SeedFile[]): Promise<unknown> => {
      const folder = join(building, 'cidata');
      await writeSeedFolder(folder, files);
      return makeSeedImage({ ...make, folder, image: join(building, 'seed.iso') });
    };
    const chain = (building: string, files: SeedFile[]): Promise<unknown> =>
      makeChainIso({
        ...{ folder: join(building, 'cidata'), image: join(building, 'chain.iso') },
        ...{ installer: SUBIQUITY, label: 'CIDATA' },
        ...{ iso: { volumeId: 'Vendor', uuid: null }, files, sourceDateEpoch: 0 },
      });
    const windows = (building: string, files: SeedFile[]): Promise<unknown> =>
      makeBootableSeed({
        ...{ folder: join(building, 'contents'), image: join(building, 'seed.img'), files, copied: [] },
        ...{ label: 'INFINIBAY', loader: { config: '', modules: ['normal'] } },
        ...{ mediaId: 'medium', sourceDateEpoch: 0 },
      });

    // With few bytes the files fit and what is made of them does not; with many not even the files do.
    it.each([
      ['a seed', seed, 150_000],
      ['a seed', seed, 900_000],
      ['a chain ISO', chain, 20],
      ['a chain ISO', chain, 900_000],
      ['a Windows seed', windows, 20],
      ['a Windows seed', windows, 400_000],
      ['a Windows seed', windows, 900_000],
    ])('keeps nothing of %s and says so (%#)', async (_what, build, bytes) => {
      const folder = new MediaFolder(join(mount, 'media'));
      await expect(
        folder.publish(randomUUID(), (building) => build(building, text(bytes))),
      ).rejects.toMatchObject({ code: 'media.disk_full', status: 507 });
      expect(readdirSync(folder.path)).toEqual([]);
      expect(command('df', ['--output=used', mount])).toMatch(/\n\s*\d{1,2}\n/);
    });
  });

  it('never shows half a medium when its maker is killed at 100 random points, and is swept of all that they left', async () => {
    const target = join(path, 'killed');
    const visible = (): string[] =>
      (existsSync(target) ? readdirSync(target) : []).filter((name) => !name.startsWith('.'));
    const files = { seed: 'seed.iso', chain: 'chain.iso', windows: 'seed.img' };
    const sizes = new Map<string, number>();
    const check = (): void => {
      for (const name of visible()) {
        const inside = readdirSync(join(target, name));
        expect(Object.values(files)).toContain(inside.join());
        const [file = ''] = inside;
        const { size } = statSync(join(target, name, file));
        if (!sizes.has(file)) sizes.set(file, size);
        expect([file, size]).toEqual([file, sizes.get(file)]);
      }
    };
    let kills = 0;
    /** Three of them side by side, so that one starts while others work. */
    const killOneAfterTheOther = async (kinds: string[]): Promise<void> => {
      for (const kind of kinds) {
        const maker = start(process.execPath, [
          ...['--no-warnings', '--experimental-transform-types'],
          ...[
            '--import',
            join(SUPPORT, 'typescript.mjs'),
            join(SUPPORT, 'media/media-maker.ts'),
            target,
            kind,
          ],
        ]);
        await waitFor(() => maker.output().includes('ready'), {
          what: `the maker to be ready: ${maker.output()}`,
          everyMs: 5,
        });
        maker.child.kill('SIGUSR2');
        // Anywhere in its first medium, or in its next ones.
        await setTimeout(Math.random() * KILLED_WITHIN_MS);
        await maker.stop('SIGKILL');
        expect(maker.output()).toBe('ready\n');
        kills += 1;
        check();
      }
    };
    const kinds = Array.from({ length: 102 }, (_, index) => Object.keys(files)[index % 3] ?? '');
    await Promise.all([0, 1, 2].map((lane) => killOneAfterTheOther(kinds.slice(lane * 34, lane * 34 + 34))));
    expect(kills).toBeGreaterThanOrEqual(100);
    // What a maker had started goes on for a moment, in a folder that is nobody's.
    await waitFor(() => spawnSync('pgrep', ['-f', target]).status === 1, { what: 'the last tools to end' });
    const left = readdirSync(target).filter((name) => name.startsWith('.'));
    process.stdout.write(`${kills} kills: ${visible().length} media, ${left.length} left half\n`);
    // Most were struck while they worked, and some had finished: neither is luck.
    expect(left.length).toBeGreaterThan(kills / 2);
    expect(sizes.size).toBe(3);
    check();
    const hashes = new Set<string>();
    for (const name of visible())
      for (const file of readdirSync(join(target, name)))
        hashes.add(`${file} ${await sha256OfFile(join(target, name, file))}`);
    expect(hashes.size).toBe(3);
    for (const name of readdirSync(target)) utimesSync(join(target, name), 0, 0);
    const removed = await new MediaFolder(target).sweep(() => Promise.resolve(true));
    expect(removed.sort()).toEqual(left.sort());
    expect(readdirSync(target).sort()).toEqual(visible().sort());
  }, 180_000);
});
