import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { SeedFile } from '../../../apps/media/families/seed-file.js';
import { type FakeDisk, fakeDisks } from './fake-disks.js';
import { start } from '../processes/processes.js';
import { oneTry } from './downloads.js';
import { insertMedium } from './medium-image.js';
import { installerPath, type InstallerSystem, programPath } from './installer-programs.js';
import { parseKickstarts } from './pykickstart.js';

/** In the order in which they are in a kickstart of ours. */
export const SECTIONS = ['pre', 'preInstall', 'handOver', 'post', 'finish', 'onError'] as const;
export type Section = (typeof SECTIONS)[number];

/** Programs of the installer that would reach this machine, or that need its hardware. */
const STAND_INS = ['nmcli', 'systemctl', 'lvm', 'mdadm', 'mount', 'umount'];

/**
 * A machine on which the sections of a kickstart run as Anaconda runs them, with fake disks, and with the
 * programs that its installer has: %post has those of this machine. Stand-ins write how they were called into
 * the file `calls`; `mount` puts the files of a real image into the folder, and `umount` takes them out. The
 * scripts' absolute paths lead into `root`.
 */
export class AnacondaMachine {
  private readonly scripts = new Map<Section, string>();
  private readonly disks: Record<string, string>;
  private readonly installer: string;

  constructor(
    readonly root: string,
    files: readonly SeedFile[],
    disks: FakeDisk[],
    system: InstallerSystem = 'el9',
  ) {
    for (const name of ['run', 'proc', 'tmp', 'root', 'etc/dnf', 'var/log', 'home/ada/.ssh', 'bin'])
      mkdirSync(join(this.root, name), { recursive: true });
    const text = files.find(({ name }) => name === 'ks.cfg')?.content ?? '';
    const [parsed] = parseKickstarts([{ syntax: 'RHEL9', text }]);
    parsed?.scripts.forEach((script, index) => {
      const section = SECTIONS[index];
      if (section) this.scripts.set(section, this.moved(script.text));
    });
    this.disks = fakeDisks(this.path('disks'), disks);
    for (const terminal of ['console', 'ttyS0']) writeFileSync(this.path(`disks/dev/${terminal}`), '');
    writeFileSync(this.path('proc/cmdline'), 'BOOT_IMAGE=/images/pxeboot/vmlinuz inst.stage2=hd:LABEL=x\n');
    this.insert('disk/by-label/OEMDRV', files);
    this.installer = installerPath(this.path('installer-bin'), system, STAND_INS);
    for (const name of ['nmcli', 'systemctl', 'lvm', 'mdadm']) this.program(`installer-bin/${name}`, '');
    this.program('installer-bin/mount', mountBody());
    this.program('installer-bin/umount', `${programPath('rm')} -rf "$1"/*`);
    this.program('bin/systemctl', `! grep -qsxF -- "$2" ${this.path('refused')}`);
    this.program('bin/restorecon', '');
    this.program('bin/rpm', `for last; do :; done; grep -qsxF -- "$last" ${this.path('packages')}`);
    this.program('bin/id', `grep -qsxF -- "$2" ${this.path('users')}`);
    this.program('bin/getent', `echo "$2:x:1000:1000::${this.path('home')}/$2:/bin/bash"`);
    writeFileSync(this.path('calls'), '');
  }

  path = (name: string): string => join(this.root, name);
  read = (name: string): string => readFileSync(this.path(name), 'utf8');
  has = (name: string): boolean => existsSync(this.path(name));
  /** How stand-ins of a name were called. */
  calls = (name: string): string[] =>
    this.read('calls')
      .split('\n')
      .filter((line) => line.startsWith(`${name} `));
  /** What stands on its screen, and on its serial line. */
  console = (): string => this.read('disks/dev/console');
  serial = (): string => this.read('disks/dev/ttyS0');

  /** Puts a real image with these files where a device is; null: takes it away. */
  insert(device: string, files: readonly SeedFile[] | null): void {
    insertMedium(this.path(`disks/dev/${device}`), 'OEMDRV', files);
  }

  async run(section: Section): Promise<{ code: number | null; output: string }> {
    return this.runScript(
      this.scripts.get(section) ?? 'exit 99',
      section === 'post' ? 'system' : 'installer',
    );
  }

  /** @param place whose programs it finds: the installer's own system, or the one that was installed */
  async runScript(
    text: string,
    place: 'installer' | 'system',
  ): Promise<{ code: number | null; output: string }> {
    const file = this.path('tmp/ks-script-run');
    writeFileSync(file, text);
    const path = place === 'installer' ? this.installer : `${this.path('bin')}:${process.env['PATH']}`;
    const shell = place === 'installer' ? join(this.installer, 'sh') : '/bin/sh';
    const env = { PATH: path, ANA_INSTALL_PATH: this.root, ...this.disks };
    const words = Object.entries(env).map(([name, value]) => `${name}=${value}`);
    // Nothing of this machine's environment, and no shell that looks for programs elsewhere.
    const running = start('/usr/bin/env', ['-i', ...words, shell, file]);
    return { code: await running.exited, output: running.output() };
  }

  /** Every file below its root in which a text is found; of what stands on the media nothing. */
  holding(text: string): string[] {
    return readdirSync(this.root, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name))
      .filter((file) => !file.includes('/disks/dev/disk/') && readFileSync(file).includes(text))
      .map((file) => file.slice(this.root.length + 1));
  }

  /** What a stand-in of the installer says when it is called. */
  answer(name: string, body: string): void {
    this.program(`installer-bin/${name}`, body);
  }

  private moved(text: string): string {
    return oneTry(text).replaceAll(
      /(?<![\w/$}])\/(var|etc|root|usr\/local|tmp|run\/infinibay|proc\/cmdline)\b/g,
      `${this.root}/$1`,
    );
  }

  private program(name: string, body: string): void {
    // Where one of this machine's own is linked to, it stays as it is.
    rmSync(this.path(name), { force: true });
    const called = `echo "${name.split('/').pop()} $*" >>${this.path('calls')}`;
    writeFileSync(this.path(name), `#!/bin/sh\n${called}\n${body}\n`, { mode: 0o755 });
  }
}

/** `mount -o OPTIONS DEVICE FOLDER`. */
const mountBody = (): string =>
  `${programPath('xorriso')} -osirrox on -indev "$3" -extract / "$4" >/dev/null 2>&1 &&
${programPath('chmod')} -R u+w "$4"`;
