import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { command } from '../processes/commands.js';
import { debianImage } from './debian-image.js';
import type { Guest } from './guest.js';
import { startPlanned } from './planned-guest.js';

/** A machine's own disk, which starts as the image of a cloud. */
export interface DebianDisk {
  /**
   * Boots it as a media plan says: the plan's own QEMU arguments are used, with their placeholders filled in.
   * It reaches this machine's loopback at 10.0.2.2.
   * @param media paths for the plan's placeholders, by name
   */
  boot(
    plan: { qemu: string[]; firmware?: { qemu: string[] } },
    media: Record<string, string>,
  ): Promise<Guest>;
  /** All that the disk holds, as a raw image. No guest runs on it then. */
  raw(): string;
  remove(): void;
}

export async function debianDisk(): Promise<DebianDisk> {
  const image = await debianImage();
  const folder = mkdtempSync(join(tmpdir(), 'infinibay-debian-'));
  const disk = join(folder, 'disk.qcow2');
  command('qemu-img', ['create', '-q', '-f', 'qcow2', '-F', 'raw', '-b', image.disk, disk]);
  return {
    boot: ({ qemu, firmware }, media) => {
      rmSync(join(folder, 'qmp'), { force: true });
      const kernel = ['-kernel', image.kernel, '-initrd', image.initrd];
      const append = ['-append', 'root=/dev/vda rw console=ttyS0 quiet systemd.show_status=auto'];
      return startPlanned(folder, [...qemu, ...(firmware?.qemu ?? []), ...kernel, ...append], {
        disk: `${disk},cache=unsafe`,
        ...media,
      });
    },
    raw: () => {
      command('qemu-img', ['convert', '-O', 'raw', disk, join(folder, 'disk.img')]);
      return join(folder, 'disk.img');
    },
    remove: () => rmSync(folder, { recursive: true, force: true }),
  };
}

/**
 * A Debian machine with a disk of its own and what its media plan says attached, whatever the plan's
 * firmware: its kernel is started from outside.
 */
export async function startDebianGuest(
  plan: { qemu: string[] },
  seed: string,
): Promise<Guest & { remove(): Promise<void> }> {
  const disk = await debianDisk();
  const guest = await disk.boot({ qemu: plan.qemu }, { seed });
  return {
    ...guest,
    remove: async () => {
      await guest.stop();
      disk.remove();
    },
  };
}
