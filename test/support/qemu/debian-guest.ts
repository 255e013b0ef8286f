import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { command } from '../processes/commands.js';
import { debianImage } from './debian-image.js';
import type { Guest } from './guest.js';
import { startPlanned } from './planned-guest.js';

/**
 * A Debian machine with what its media plan says attached: the plan's own QEMU arguments are used, with their
 * placeholders filled in. It reaches this machine's loopback at 10.0.2.2.
 * @param plan `plan.qemu` of a cloud-image medium
 */
export async function startDebianGuest(
  plan: string[],
  seed: string,
): Promise<Guest & { remove(): Promise<void> }> {
  const image = await debianImage();
  const folder = mkdtempSync(join(tmpdir(), 'infinibay-debian-'));
  const disk = join(folder, 'disk.qcow2');
  command('qemu-img', ['create', '-q', '-f', 'qcow2', '-F', 'raw', '-b', image.disk, disk]);
  const guest = await startPlanned(
    folder,
    [
      ...plan,
      ...['-kernel', image.kernel, '-initrd', image.initrd],
      ...['-append', 'root=/dev/vda rw console=ttyS0 quiet systemd.show_status=auto net.ifnames=0'],
    ],
    { disk: `${disk},cache=unsafe`, seed },
  );
  return {
    ...guest,
    remove: async () => {
      await guest.stop();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
