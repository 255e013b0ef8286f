/**
 * Debian packages that `npm start` and `npm test` need: installs what is missing when root, otherwise names
 * the one command to type and exits with 1. Silent when nothing is missing. `node scripts/bootstrap.mjs
 * start|test`
 */
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { installPythonTools } from './python-tools.mjs';

const onPath = (name) =>
  [...(process.env.PATH ?? '').split(delimiter), '/usr/sbin', '/sbin'].some((dir) =>
    existsSync(join(dir, name)),
  );
const postgres = () =>
  existsSync('/usr/lib/postgresql') &&
  readdirSync('/usr/lib/postgresql').some((version) =>
    existsSync(`/usr/lib/postgresql/${version}/bin/postgres`),
  );

/** Package, and what proves that it is there. */
const PACKAGES = {
  start: [['xorriso', () => onPath('xorriso')]],
  test: [
    ['xorriso', () => onPath('xorriso')],
    ['redis-server', () => onPath('redis-server')],
    ['postgresql', postgres],
    ['qemu-system-x86', () => onPath('qemu-system-x86_64')],
    ['qemu-system-arm', () => onPath('qemu-system-aarch64')],
    ['qemu-utils', () => onPath('qemu-img')],
    ['seabios', () => existsSync('/usr/share/seabios/bios-256k.bin')],
    ['mmdebstrap', () => onPath('mmdebstrap')],
    ['e2fsprogs', () => onPath('mke2fs')],
    ['busybox-static', () => existsSync('/usr/share/doc/busybox-static')],
    ['cpio', () => onPath('cpio')],
    ['kmod', () => onPath('modprobe')],
    ['cloud-init', () => existsSync('/usr/bin/cloud-init')],
    // Package managers of cloud images, in a folder of their own.
    ['dnf', () => onPath('dnf')],
    ['rpm', () => onPath('rpmbuild')],
    ['createrepo-c', () => onPath('createrepo_c')],
    ['netplan.io', () => onPath('netplan')],
    ['grub-common', () => onPath('grub-mkimage')],
    ['grub-pc-bin', () => existsSync('/usr/lib/grub/i386-pc/cdboot.img')],
    ['grub-efi-amd64-bin', () => existsSync('/usr/lib/grub/x86_64-efi/iso9660.mod')],
    ['mtools', () => onPath('mcopy')],
    ['dosfstools', () => onPath('mkfs.fat')],
    ['ovmf', () => existsSync('/usr/share/OVMF/OVMF_CODE.fd')],
    ['genisoimage', () => onPath('genisoimage')],
    ['wine64', () => existsSync('/usr/lib/wine/wine64')],
    ['wimtools', () => onPath('wimlib-imagex')],
    ['lvm2', () => onPath('pvs')],
    ['mdadm', () => onPath('mdadm')],
    ['fdisk', () => onPath('sfdisk')],
    ['parted', () => onPath('parted')],
    ['systemd', () => onPath('systemd-analyze')],
    ['shellcheck', () => onPath('shellcheck')],
    // Anaconda's awk, beside Debian's mawk.
    ['gawk', () => onPath('gawk')],
    ['libxml2-utils', () => onPath('xmllint')],
    ['swtpm', () => onPath('swtpm')],
    ['libvirt-clients', () => onPath('virt-xml-validate')],
    ['python3-venv', () => spawnSync('python3', ['-c', 'import venv, ensurepip']).status === 0],
    ['curl', () => onPath('curl')],
  ],
};

const list = PACKAGES[process.argv[2]];
if (!list) {
  console.error('usage: node scripts/bootstrap.mjs start|test');
  process.exit(2);
}
const missing = list.filter(([, present]) => !present()).map(([name]) => name);
if (missing.length > 0) install(missing);
if (process.argv[2] === 'test') installPythonTools();

function install(names) {
  const command = `apt-get install -y --no-install-recommends ${names.join(' ')}`;
  if (process.getuid?.() !== 0 || !onPath('apt-get')) {
    console.log(`  Missing Debian packages: ${names.join(', ')}. Type:\n\n    sudo ${command}\n`);
    process.exit(1);
  }
  console.log(`▸ Installing Debian packages: ${names.join(', ')} …`);
  const started = Date.now();
  // Packages must not start services: the tests bring their own servers up.
  const policy = '/usr/sbin/policy-rc.d';
  const ours = !existsSync(policy);
  if (ours) writeFileSync(policy, '#!/bin/sh\nexit 101\n', { mode: 0o755 });
  try {
    run('apt-get', ['update', '-qq']);
    run('apt-get', [
      'install',
      '-y',
      '-qq',
      '--no-install-recommends',
      '-o',
      'DPkg::Lock::Timeout=300',
      ...names,
    ]);
  } finally {
    if (ours) rmSync(policy, { force: true });
  }
  const still = list.filter(([, present]) => !present()).map(([name]) => name);
  if (still.length > 0) {
    console.error(`  still missing after the installation: ${still.join(', ')}`);
    process.exit(1);
  }
  console.log(`✓ Debian packages (${Math.round((Date.now() - started) / 1000)} s)`);
}

function run(command, args) {
  const { status, stdout, stderr } = spawnSync(command, args, {
    encoding: 'utf8',
    env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
  });
  if (status !== 0) {
    console.error(`${command} ${args.join(' ')} failed:\n${stdout}${stderr}`.slice(-6000));
    process.exit(1);
  }
}
