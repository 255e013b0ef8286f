import { copyFileSync, mkdirSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { cached } from './cache.js';
import { debianRoot } from './debian-root.js';
import { command, packageVersion } from '../processes/commands.js';

const PACKAGES = ['dracut-core', 'systemd', 'systemd-sysv', 'udev', 'kmod', 'linux-image-cloud-amd64'];

/** With systemd, as in Anaconda's initramfs, and without. */
const FLAVOURS = {
  systemd: 'base systemd systemd-initrd dracut-systemd rootfs-block fs-lib shutdown',
  plain: 'base udev-rules rootfs-block fs-lib shutdown',
} as const;
export type DracutFlavour = keyof typeof FLAVOURS;

/**
 * What Anaconda's own dracut module does while it waits for the medium with the kickstart and for stage 2
 * (its dracut/anaconda-lib.sh, `wait_for_kickstart`, and parse-anaconda-repo.sh): a root of its own kind, and
 * two conditions without which the queue does not end.
 */
const WAITS_FOR_MEDIUM = `root=installer
rootok=1
wait_for_dev /dev/root
echo '[ -e /tmp/medium-was-read ]' >"$hookdir/initqueue/finished/medium.sh"
`;

const MAKE = `set -eu
mount -t proc proc "$1/proc"
trap 'umount "$1/proc"' EXIT
chroot "$1" dracut --no-hostonly --force --quiet --gzip --kver "$2" --modules "$4" \\
    --drivers 'virtio_pci' --include /opt/installer / "/$3"
`;

/** Debian's dracut, its kernel, and an initramfs that waits for a medium that never comes. */
export async function dracutInitrd(): Promise<{ kernel: string; initrd: Record<DracutFlavour, string> }> {
  const versions = ['dracut-core', 'systemd', 'linux-image-cloud-amd64'].map(packageVersion);
  const recipe = [PACKAGES.join(), JSON.stringify(FLAVOURS), WAITS_FOR_MEDIUM, MAKE];
  const folder = await cached('dracut', [...recipe, ...versions], (target) => {
    const root = join(target, 'root');
    debianRoot(root, PACKAGES);
    const version = readdirSync(join(root, 'lib/modules'))[0] ?? '';
    const hooks = join(root, 'opt/installer/lib/dracut/hooks/cmdline');
    mkdirSync(hooks, { recursive: true });
    writeFileSync(join(hooks, '90-waits-for-medium.sh'), WAITS_FOR_MEDIUM, { mode: 0o755 });
    // Without it dracut's queue is left out of the boot.
    writeFileSync(join(root, 'opt/installer/lib/dracut/need-initqueue'), '');
    for (const [flavour, modules] of Object.entries(FLAVOURS)) {
      command('sh', ['-c', MAKE, 'sh', root, version, flavour, modules]);
      renameSync(join(root, flavour), join(target, flavour));
    }
    copyFileSync(join(root, 'boot', `vmlinuz-${version}`), join(target, 'vmlinuz'));
    rmSync(root, { recursive: true, force: true });
  });
  return {
    kernel: join(folder, 'vmlinuz'),
    initrd: { systemd: join(folder, 'systemd'), plain: join(folder, 'plain') },
  };
}
