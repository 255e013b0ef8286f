import { chmodSync, copyFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { command } from '../processes/commands.js';
import { type Guest, startGuest } from './guest.js';
import { cloudKernel, moduleFiles } from './kernel.js';

/** Their order matters; ext4 is built into the kernel. */
const MODULES = ['virtio_pci', 'virtio_console', 'virtio_blk'];

export interface BusyboxGuest extends Omit<Guest, 'qmp' | 'ended'> {
  /** `kill -9` of QEMU, and a new one on the same disk. */
  powerCut(): Promise<void>;
  remove(): Promise<void>;
}

/**
 * The smallest guest with a real virtio port: Debian's cloud kernel, busybox, and the agent as the only
 * service. Its agent keeps its state on a disk of its own, so that a reset is a real power cut. About 2 s to
 * its first word on 2 cores under TCG.
 */
export async function startBusyboxGuest(options: {
  agent: string;
  vmId: string;
  /** Empty: none. */
  secret: string;
  /** The medium that it is to look installed from; left out: none. */
  medium?: { id: string; proof: string };
  /** The media plan's channel: a UNIX socket that QEMU makes. */
  socket: string;
}): Promise<BusyboxGuest> {
  const folder = mkdtempSync(join(tmpdir(), 'infinibay-guest-'));
  const kernel = await cloudKernel();
  const root = join(folder, 'root');
  for (const path of [
    'bin',
    'dev',
    'proc',
    'sys',
    'tmp',
    'etc',
    'var/lib/infiniservice',
    'sys/fs/cgroup',
    'modules',
  ])
    mkdirSync(join(root, path), { recursive: true });
  copyFileSync('/bin/busybox', join(root, 'bin/busybox'));
  copyFileSync(options.agent, join(root, 'bin/infiniservice'));
  chmodSync(join(root, 'bin/infiniservice'), 0o755);
  writeFileSync(join(root, 'bin/restart-machine'), '#!/bin/sh\nsync\nexec reboot -f\n', { mode: 0o755 });
  const modules = moduleFiles(kernel, MODULES);
  for (const path of modules) copyFileSync(path, join(root, 'modules', basename(path)));
  writeFileSync(
    join(root, 'init'),
    init(
      modules.map((path) => basename(path)),
      options,
    ),
    { mode: 0o755 },
  );
  const initrd = join(folder, 'initrd');
  command('sh', ['-c', `find . | cpio --quiet -o -H newc | gzip -1 >"$1"`, 'sh', initrd], { cwd: root });
  const disk = join(folder, 'state.img');
  command('mke2fs', ['-q', '-t', 'ext4', disk, '32M']);
  const args = [
    ...['-machine', 'q35', '-smp', '1', '-m', '256'],
    ...['-kernel', kernel.image, '-initrd', initrd, '-append', 'console=ttyS0 quiet panic=-1'],
    ...['-drive', `file=${disk},if=none,id=state,format=raw,cache=writethrough`],
    ...['-device', 'virtio-blk-pci,drive=state'],
    ...[
      '-device',
      'virtio-serial-pci',
      '-chardev',
      `socket,path=${options.socket},server=on,wait=off,id=channel`,
    ],
    ...['-device', 'virtserialport,chardev=channel,name=org.infinibay.agent'],
  ];
  const boot = (): Promise<Guest> => startGuest(join(folder, 'qmp'), args);
  let guest = await boot();
  return {
    console: () => guest.console(),
    reset: () => guest.reset(),
    pause: () => guest.pause(),
    resume: () => guest.resume(),
    stop: () => guest.stop(),
    powerCut: async () => {
      await guest.stop();
      guest = await boot();
    },
    remove: async () => {
      await guest.stop();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** The first process: what an init system would do for the agent, and its restart when it ends. */
function init(
  modules: string[],
  { vmId, secret, medium }: { vmId: string; secret: string; medium?: { id: string; proof: string } },
): string {
  const kept = medium ? `echo '${JSON.stringify(medium)}' >/var/lib/infiniservice/medium.json` : '';
  return `#!/bin/busybox sh
/bin/busybox --install -s /bin
export PATH=/bin
mount -t devtmpfs dev /dev
mount -t proc proc /proc
mount -t sysfs sys /sys
mount -t cgroup2 cgroup /sys/fs/cgroup
for module in ${modules.join(' ')}; do insmod /modules/$module; done
mount -t ext4 /dev/vda /var/lib/infiniservice || mount -t ext4 /dev/vda /var/lib/infiniservice
${kept}
export INFINISERVICE_REBOOT=/bin/restart-machine INFINIBAY_VM_ID=${vmId} ${secret ? `INFINISERVICE_SHARED_SECRET=${secret}` : ''}
while :; do infiniservice run; sleep 1; done
`;
}
