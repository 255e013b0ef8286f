import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from '@jest/globals';
import { grubCore, type GrubCore } from './grub-images.js';

const scratch = mkdtempSync(join(tmpdir(), 'infinibay-grub-'));
afterAll(() => rmSync(scratch, { recursive: true, force: true }));

const core = (more: Partial<GrubCore> = {}): GrubCore => ({
  ...{ format: 'x86_64-efi', prefix: '/EFI/BOOT', modules: ['normal'] },
  ...more,
});

describe('a GRUB core', () => {
  it('is made again after it could not be made', async () => {
    await expect(grubCore(join(scratch, 'nowhere'), core())).rejects.toMatchObject({ code: 'ENOENT' });
    const made = await grubCore(scratch, core());
    expect(made.toString('latin1', 0, 2)).toBe('MZ');
    // Nothing is needed any more, and nothing stays.
    expect(await grubCore(join(scratch, 'nowhere'), core())).toBe(made);
    expect(readdirSync(scratch)).toEqual([]);
  });

  it('is one for all who ask at once, and another for another configuration, module or place', async () => {
    const [one, two, ...others] = await Promise.all(
      [
        core({ config: 'halt\n' }),
        core({ config: 'halt\n' }),
        core({ config: 'exit\n' }),
        core({ config: 'halt\n', modules: ['normal', 'halt'] }),
        core({ config: 'halt\n', prefix: '(memdisk)/boot/grub' }),
      ].map((each) => grubCore(scratch, each)),
    );
    expect(two).toBe(one);
    expect(new Set([one, ...others].map((each) => each?.toString('base64'))).size).toBe(4);
  });
});
