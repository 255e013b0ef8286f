import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { command } from '../processes/commands.js';
import { debianImage } from './debian-image.js';
import { type Guest, startGuest } from './guest.js';

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
  const fill = (argument: string): string =>
    argument.replace('{disk}', `${disk},format=qcow2,cache=unsafe`).replace('{seed}', seed);
  const guest = await startGuest(join(folder, 'qmp'), [
    ...['-machine', 'q35', '-smp', '2', '-m', '1024'],
    ...['-kernel', image.kernel, '-initrd', image.initrd],
    ...['-append', 'root=/dev/vda rw console=ttyS0 quiet systemd.show_status=auto net.ifnames=0'],
    ...['-netdev', 'user,id=net0', '-device', 'virtio-net-pci,netdev=net0,romfile='],
    ...plan.map(fill),
  ]);
  return {
    ...guest,
    remove: async () => {
      await guest.stop();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
