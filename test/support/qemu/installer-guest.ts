import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import type { MediaPlan } from '#protocol';
import { command } from '../processes/commands.js';
import type { Guest } from './guest.js';
import { fullKernel, moduleFiles } from './kernel.js';
import { startPlanned } from './planned-guest.js';

/** Their order matters; ext4 and SCSI disks are built into the kernel. */
const MODULES = ['virtio_pci', 'virtio_blk', 'virtio_scsi', 'ahci', 'sr_mod', 'isofs', 'nls_utf8'];
/** util-linux's own: busybox has no such, or other ones. */
const PROGRAMS = ['/usr/sbin/blkid', '/usr/sbin/wipefs', '/usr/sbin/sfdisk'];

export interface InstallerGuestOptions {
  plan: MediaPlan;
  /** Values of the plan's placeholders; a vendor's ISO that is not there is an empty one. */
  fills: Record<string, string>;
  /** What the installer runs of ours before it touches the disk, one after the other until one fails. */
  before: string[];
  /** What it runs when one of them has failed. */
  beforeFailed: string[];
  /** What it runs when it fails later; null: it does not fail. */
  laterFailed: string[] | null;
  files?: Record<string, string>;
}

/**
 * The plan's machine at its first start, with busybox and util-linux in place of the installer's own system;
 * see scripts/installer-init.sh for what it does. Its kernel is started from outside whatever the delivery:
 * with the plan's arguments where the plan has any.
 */
export async function startInstallerGuest({
  plan,
  fills,
  files = {},
  ...installer
}: InstallerGuestOptions): Promise<Guest & { remove(): Promise<void> }> {
  const folder = mkdtempSync(join(tmpdir(), 'infinibay-installer-'));
  const kernel = await fullKernel();
  const root = join(folder, 'root');
  const put = (path: string, content: string | Buffer, mode = 0o644): void => {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), content, { mode });
  };
  for (const path of ['dev', 'proc', 'sys', 'run', 'tmp', 'var/log', 'bin', 'modules'])
    mkdirSync(join(root, path), { recursive: true });
  const script = (name: string): Buffer => readFileSync(join(import.meta.dirname, 'scripts', name));
  put('init', script('installer-init.sh'), 0o755);
  put('stand-ins/systemctl', script('systemctl.sh'), 0o755);
  copyFileSync('/bin/busybox', join(root, 'bin/busybox'));
  for (const program of PROGRAMS) copyProgram(program, root);
  const modules = moduleFiles(kernel, MODULES);
  for (const path of modules) copyFileSync(path, join(root, 'modules', basename(path)));
  put('installer/modules', modules.map((path) => `${basename(path)}\n`).join(''));
  const programs = (prefix: string, texts: string[]): void =>
    texts.forEach((text, index) => put(`installer/${prefix}-${index}`, text));
  programs('before', installer.before);
  programs('before-failed', installer.beforeFailed);
  programs('later-failed', installer.laterFailed ?? []);
  if (installer.laterFailed) put('installer/later-fails', '');
  for (const [path, content] of Object.entries(files)) put(path, content);
  const initrd = join(folder, 'initrd');
  command('sh', ['-c', `find . | cpio --quiet -o -H newc | gzip -1 >"$1"`, 'sh', initrd], { cwd: root });
  rmSync(root, { recursive: true });

  const firstStart = plan.firstStart?.qemu ?? [];
  const outside = firstStart.includes('-kernel')
    ? firstStart
    : [...firstStart, '-kernel', '{kernel}', '-initrd', '{initrd}'];
  const guest = await startPlanned(folder, [...plan.qemu, ...plan.firmware.qemu, ...outside], {
    ...fills,
    kernel: kernel.image,
    initrd,
  });
  return {
    ...guest,
    remove: async () => {
      await guest.stop();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** With the libraries that ldd names, at their own places. */
function copyProgram(program: string, root: string): void {
  const libraries = [...command('ldd', [program]).matchAll(/(\/\S+) \(0x/g)].map(([, path]) => path ?? '');
  for (const path of [program, ...libraries]) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    copyFileSync(path, join(root, path));
  }
}
