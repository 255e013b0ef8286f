import { linkSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { command } from '../../../test/support/processes/commands.js';
import { checkSpace, usedBytes } from './media-space.js';

const MIB = 1_048_576;

describe('room for a medium', () => {
  const path = mkdtempSync(join(tmpdir(), 'infinibay-space-'));
  const small = join(path, 'small');
  beforeAll(() => {
    mkdirSync(small);
    command('mount', ['-t', 'tmpfs', '-o', 'size=100m', 'tmpfs', small]);
  });
  afterAll(() => {
    command('umount', [small]);
    rmSync(path, { recursive: true, force: true });
  });

  it('is counted once for a file with two names', async () => {
    const folder = join(path, 'two-names');
    mkdirSync(join(folder, 'a'), { recursive: true });
    writeFileSync(join(folder, 'a/one'), Buffer.alloc(3 * MIB, 1));
    linkSync(join(folder, 'a/one'), join(folder, 'other'));
    expect(await usedBytes(folder)).toBe(3 * MIB);
    expect(await usedBytes(join(path, 'nowhere'))).toBe(0);
  });

  it('is refused beyond the quota, with what there is and what to do', async () => {
    const folder = join(path, 'two-names');
    await checkSpace(folder, MIB, 4 * MIB);
    await expect(checkSpace(folder, MIB + 1, 4 * MIB)).rejects.toMatchObject({
      code: 'media.quota_exceeded',
      status: 507,
      message: expect.stringMatching(/4 MiB; they take 3 MiB.*MEDIA_QUOTA_MIB/),
    });
  });

  it('counts a medium that is being built as what it was allowed, or as what it has when that is more', async () => {
    const folder = join(path, 'building');
    const [half, over, none] = ['half', 'over', 'none'].map((name) => join(folder, name)) as [
      string,
      string,
      string,
    ];
    for (const [name, size] of [
      [half, 2],
      [over, 3],
    ] as const) {
      mkdirSync(name, { recursive: true });
      writeFileSync(join(name, 'seed.iso'), Buffer.alloc(size * MIB, 1));
    }
    const building = new Map([
      [half, 4 * MIB],
      [over, MIB],
      [none, 2 * MIB],
    ]);
    // 4 and 3 and 2.
    await checkSpace(folder, MIB, 10 * MIB, building);
    await expect(checkSpace(folder, MIB + 1, 10 * MIB, building)).rejects.toMatchObject({
      code: 'media.quota_exceeded',
    });
  });

  it('is refused where the disk would be full, before anything is written', async () => {
    await checkSpace(small, 30 * MIB, 1000 * MIB);
    await expect(checkSpace(small, 40 * MIB, 1000 * MIB)).rejects.toMatchObject({
      code: 'media.disk_full',
      status: 507,
    });
  });
});
