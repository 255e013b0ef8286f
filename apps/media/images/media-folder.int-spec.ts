import { execFileSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from '@jest/globals';
import type { AppError } from '#runtime';
import { command } from '../../../test/support/commands.js';
import { mediaRequest } from '../../../test/support/media.js';
import { start } from '../../../test/support/processes.js';
import { waitFor } from '../../../test/support/wait.js';
import { MediaFolder } from './media-folder.js';
import { makeSeedImage, writeSeedFolder } from './seed-image.js';

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

  it('that is full keeps nothing of the medium and says so', async () => {
    const mount = join(path, 'full');
    mkdirSync(mount);
    command('mount', ['-t', 'tmpfs', '-o', 'size=512k', 'tmpfs', mount]);
    try {
      const folder = new MediaFolder(join(mount, 'media'));
      const build = async (building: string): Promise<void> => {
        const contents = join(building, 'cidata');
        await writeSeedFolder(contents, [{ name: 'user-data', content: 'x'.repeat(150_000) }]);
        const made = {
          folder: contents,
          image: join(building, 'seed.iso'),
          label: 'CIDATA',
          names: ['user-data'],
        };
        await makeSeedImage({ ...made, sourceDateEpoch: 0 });
      };
      await expect(folder.publish(randomUUID(), build)).rejects.toMatchObject({
        code: 'media.disk_full',
        status: 507,
      });
      expect(readdirSync(folder.path)).toEqual([]);
      // Also when the files alone are too much.
      const files = (building: string): Promise<unknown> =>
        writeSeedFolder(join(building, 'cidata'), [{ name: 'user-data', content: 'x'.repeat(900_000) }]);
      await expect(folder.publish(randomUUID(), files)).rejects.toMatchObject({ code: 'media.disk_full' });
      expect(readdirSync(folder.path)).toEqual([]);
      expect(execFileSync('df', ['--output=used', mount]).toString()).toMatch(/\n\s*\d{1,2}\n/);
    } finally {
      command('umount', [mount]);
    }
  });

  it('never shows half a medium when its maker is killed at any moment', async () => {
    const target = join(path, 'killed');
    const program = join(path, 'maker.mjs');
    const { vmId } = mediaRequest();
    writeFileSync(
      program,
      `import { MediaFolder } from ${JSON.stringify(join(import.meta.dirname, 'media-folder.ts'))};
       import { makeSeedImage, writeSeedFolder } from ${JSON.stringify(join(import.meta.dirname, 'seed-image.ts'))};
       import { join } from 'node:path';
       import { randomUUID } from 'node:crypto';
       const folder = new MediaFolder(${JSON.stringify(target)});
       for (;;) {
         await folder.publish(randomUUID(), async (building) => {
           const contents = join(building, 'cidata');
           await writeSeedFolder(contents, [{ name: 'user-data', content: ${JSON.stringify(vmId.repeat(2000))} }]);
           await makeSeedImage({ folder: contents, image: join(building, 'seed.iso'), label: 'CIDATA', names: ['user-data'], sourceDateEpoch: 0 });
         });
       }`,
    );
    const isMedium = (name: string): boolean => !name.startsWith('.');
    for (let round = 0; round < 12; round += 1) {
      const before = existsSync(target) ? readdirSync(target).length : 0;
      const maker = start(process.execPath, [
        ...['--no-warnings', '--experimental-transform-types'],
        ...['--import', join(import.meta.dirname, '../../../test/support/typescript.mjs')],
        program,
      ]);
      // Killed once it works, after a different share of a medium each time.
      await waitFor(() => existsSync(target) && readdirSync(target).length > before + (round % 4), {
        what: `the maker to work: ${maker.output()}`,
        everyMs: 1 + round * 3,
      });
      await maker.stop('SIGKILL');
    }
    const names = readdirSync(target);
    expect(names.filter(isMedium).length).toBeGreaterThan(3);
    const sizes = new Set(
      names.filter(isMedium).map((name) => statSync(join(target, name, 'seed.iso')).size),
    );
    expect(sizes.size).toBe(1);
    for (const name of names) utimesSync(join(target, name), 0, 0);
    await new MediaFolder(target).sweep(() => Promise.resolve(true));
    expect(readdirSync(target).every(isMedium)).toBe(true);
  }, 120_000);
});
