import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { cached } from './cache.js';
import { debianRoot } from './debian-root.js';
import { command, packageVersion } from '../processes/commands.js';

const PACKAGES = [
  ...['systemd', 'systemd-sysv', 'udev', 'dbus', 'kmod', 'procps', 'iproute2', 'netplan.io', 'netbase'],
  ...['curl', 'wget', 'ca-certificates', 'python3-minimal', 'sudo'],
  ...['initramfs-tools', 'linux-image-cloud-amd64', 'cloud-init'],
];

/**
 * cloud-init with the modules that a seed of ours uses: the others cost seconds of every boot under TCG. The
 * list of datasources is Debian's own, as an image of a cloud has it. A mirror counts, as on Ubuntu: Debian's
 * package says that the image's own sources stay.
 */
const CLOUD_INIT = `apt: { preserve_sources_list: false }
cloud_init_modules: [ write-files, set_hostname, update_hostname, users-groups ]
cloud_config_modules: [ apt-configure, timezone, runcmd ]
cloud_final_modules: [ scripts-per-instance, scripts-user, final-message ]
`;

const ESSENTIAL_HOOK = `set -eu
mkdir -p "$1/etc/initramfs-tools/conf.d" "$1/usr/share/initramfs-tools/modules.d"
printf 'MODULES=list\\nCOMPRESS=gzip\\n' >"$1/etc/initramfs-tools/conf.d/z"
printf 'virtio_pci\\nvirtio_blk\\next4\\n' >"$1/usr/share/initramfs-tools/modules.d/vm"
`;

const CUSTOMIZE_HOOK = `set -eu
cat >"$1/etc/cloud/cloud.cfg.d/99-small.cfg" <<'END'
${CLOUD_INIT}END
for timer in apt-daily apt-daily-upgrade e2scrub_all fstrim; do ln -sf /dev/null "$1/etc/systemd/system/$timer.timer"; done
for unit in e2scrub_reap.service systemd-timesyncd.service; do ln -sf /dev/null "$1/etc/systemd/system/$unit"; done
echo '/dev/vda / ext4 defaults 0 1' >"$1/etc/fstab"
# What is fetched comes from a mirror of the test's own, without signatures.
rm -f "$1"/etc/apt/sources.list "$1"/etc/apt/sources.list.d/*
printf 'APT::Get::AllowUnauthenticated "true";\\nAcquire::AllowInsecureRepositories "true";\\n' >"$1/etc/apt/apt.conf.d/99-test"
systemctl --root "$1" enable systemd-networkd.service
rm -f "$1/etc/machine-id"; touch "$1/etc/machine-id"
`;

export interface DebianImage {
  kernel: string;
  initrd: string;
  disk: string;
}

/**
 * Debian with systemd and cloud-init, a cloud image in all but its vendor. Made once by mmdebstrap from the
 * machine's own apt sources; about half a minute on 2 cores.
 */
export async function debianImage(): Promise<DebianImage> {
  const recipe = [PACKAGES.join(), ESSENTIAL_HOOK, CUSTOMIZE_HOOK];
  const versions = ['linux-image-cloud-amd64', 'cloud-init', 'systemd'].map(packageVersion);
  const folder = await cached('debian', [...recipe, ...versions], (target) => {
    const root = join(target, 'root');
    debianRoot(root, PACKAGES, [`--essential-hook=${ESSENTIAL_HOOK}`, `--customize-hook=${CUSTOMIZE_HOOK}`]);
    command('sh', [
      '-c',
      'cp -L "$1"/boot/vmlinuz-* "$2/vmlinuz" && cp -L "$1"/boot/initrd.img-* "$2/initrd"',
      'sh',
      root,
      target,
    ]);
    command('mke2fs', ['-q', '-t', 'ext4', '-d', root, join(target, 'disk.img'), '2500M']);
    rmSync(root, { recursive: true, force: true });
  });
  return { kernel: join(folder, 'vmlinuz'), initrd: join(folder, 'initrd'), disk: join(folder, 'disk.img') };
}
