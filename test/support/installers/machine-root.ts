import { chmodSync, existsSync, mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { command } from '../processes/commands.js';
import { start } from '../processes/processes.js';

/**
 * What is on the PATH: programs of Debian's essential packages, as far as RHEL's smallest installation has
 * them too; `curl` or `wget` beside.
 */
const PROGRAMS =
  'awk cat chmod cp cut date dirname env flock grep head id ln ls mkdir mktemp mv od rm rmdir sed sha256sum sleep sort tail timeout touch tr umount wc';

/** Each command line goes to /calls. */
const RECORDED = 'echo "${0##*/} $*" >>/calls';

/** The kernel of a test may know no ISO 9660: the image's files, with their modes and owners, in memory. */
const MOUNT = `#!/bin/sh
echo "mount $*" >>/calls
/usr/bin/mount -t tmpfs -o mode=0700 tmpfs "$4" && /usr/bin/xorriso -osirrox on -indev "stdio:$3" -extract / "$4" >/dev/null 2>&1
`;

export interface MachineRun {
  code: number | null;
  output: string;
}

/**
 * The file tree of a Linux machine, in which programs run as root with a PATH of its own: our scripts see
 * their real paths. Programs and libraries are this system's; systemd, udev and the kernel's ISO 9660 are
 * stand-ins; /tmp starts no programs. Needs root.
 */
export class MachineRoot {
  /** @param root a folder that is not there yet, or a copy of such a machine's */
  constructor(
    readonly root: string,
    options: { shell?: 'dash' | 'bash'; fetches?: 'curl' | 'wget' } = {},
  ) {
    if (existsSync(root)) return;
    const { shell = 'dash', fetches = 'curl' } = options;
    const folders =
      'dev/disk/by-label etc/systemd/system media opt proc programs root run/systemd/system tmp usr/bin usr/lib usr/lib64 usr/sbin usr/share var/lib var/log';
    for (const folder of folders.split(' ')) mkdirSync(this.path(folder), { recursive: true });
    for (const link of ['bin', 'lib', 'lib64', 'sbin']) symlinkSync(`usr/${link}`, this.path(link));
    for (const [name, minor] of [
      ['null', 3],
      ['urandom', 9],
    ] as const)
      command('mknod', ['-m', '666', this.path(`dev/${name}`), 'c', '1', String(minor)]);
    for (const name of [...PROGRAMS.split(' '), fetches])
      symlinkSync(`/usr/bin/${name}`, this.path(`programs/${name}`));
    symlinkSync(`/usr/bin/${shell}`, this.path('programs/sh'));
    this.program('mount', MOUNT);
    this.program('systemctl', `#!/bin/sh\n${RECORDED}\n`);
    this.program('udevadm', `#!/bin/sh\n${RECORDED}\n`);
    writeFileSync(this.path('etc/environment'), 'PATH="/usr/bin"\n');
  }

  path = (name: string): string => join(this.root, name);
  read = (name: string): string => readFileSync(this.path(name), 'utf8');
  has = (name: string): boolean => existsSync(this.path(name));

  write(name: string, content: string, mode = 0o644): void {
    mkdirSync(dirname(this.path(name)), { recursive: true });
    // A link of `programs` leads to this system's own program, which must stay as it is.
    rmSync(this.path(name), { force: true });
    writeFileSync(this.path(name), content);
    chmodSync(this.path(name), mode);
  }

  program(name: string, text: string): void {
    this.write(`programs/${name}`, text, 0o755);
  }

  /** Command lines of the stand-ins since the last time. */
  calls(): string[] {
    const lines = this.has('calls') ? this.read('calls').split('\n').slice(0, -1) : [];
    rmSync(this.path('calls'), { force: true });
    return lines;
  }

  /** Attaches an image as the device with that label; null: takes it out. */
  attach(label: string, image: string | null): void {
    const device = this.path(`dev/disk/by-label/${label}`);
    rmSync(device, { force: true });
    rmSync(this.path('media/image'), { force: true });
    if (image === null) return;
    command('cp', [image, this.path('media/image')]);
    symlinkSync('/media/image', device);
  }

  /** Runs a program to its end, in mounts of its own. */
  async run(args: string[], env: Record<string, string> = {}): Promise<MachineRun> {
    const enter = [
      'for folder in bin lib lib64 sbin share; do mount --rbind "/usr/$folder" "$0/usr/$folder"; done',
      'mount --rbind /proc "$0/proc"',
      'mount -t tmpfs -o noexec,mode=1777 tmpfs "$0/tmp"',
      'exec chroot "$0" /usr/bin/env -i PATH=/programs "$@"',
    ].join(' && ');
    const settings = Object.entries(env).map(([name, value]) => `${name}=${value}`);
    const running = start('unshare', [
      ...['--mount', '--propagation', 'private', '--', 'sh', '-c', enter, this.root],
      ...settings,
      ...args,
    ]);
    return { code: await running.exited, output: running.output() };
  }

  /** Every file of it in which a text is found, sorted; /usr and other systems of the kernel apart. */
  holding(text: string): string[] {
    const found = command('sh', [
      '-c',
      'cd "$1" && { grep -rlF -e "$2" etc media opt root run var || test $? = 1; }',
      'sh',
      this.root,
      text,
    ]);
    return found.split('\n').slice(0, -1).sort();
  }
}
