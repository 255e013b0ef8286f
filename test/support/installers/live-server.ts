import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { parse, stringify } from 'yaml';
import type { SeedFile } from '../../../apps/media/families/seed-file.js';
import { command } from '../processes/commands.js';
import { start } from '../processes/processes.js';
import { insertMedium } from './medium-image.js';
import { type FakeDisk, fakeDisks } from './fake-disks.js';

export interface Autoinstall {
  'early-commands': string[];
  'error-commands': string[];
  'late-commands': string[];
  storage: { layout: { name: string; match: { path: string } } };
}
export type Commands = 'early-commands' | 'error-commands' | 'late-commands';

/** Packages of every Ubuntu live server from which its commands may take programs. */
const PACKAGES =
  `coreutils dash debianutils diffutils fdisk findutils grep gzip lvm2 mawk mdadm mount ncurses-bin
  sed tar udev util-linux curl`.split(/\s+/);
/** Programs that would reach this machine, or that need its hardware. */
const STAND_INS = ['mount', 'umount', 'systemctl', 'curtin', 'lvm', 'udevadm'];

/**
 * The live system of an Ubuntu installer, in which commands of an autoinstall run as Subiquity runs them:
 * each by `sh -c`, which is dash, with the answers as Subiquity writes them, fake disks, and a PATH that has
 * the programs of `PACKAGES` and nothing else. Stand-ins write how they were called into the file `calls`;
 * `mount` puts the files of a real image into the folder. The commands' absolute paths lead into `root`.
 */
export class LiveServer {
  readonly autoinstall: Autoinstall;
  private readonly env: Record<string, string>;

  constructor(
    readonly root: string,
    files: readonly SeedFile[],
    disks: FakeDisk[],
    more: { flow?: boolean } = {},
  ) {
    const userData = files.find(({ name }) => name === 'user-data')?.content ?? '';
    this.autoinstall = (parse(userData) as { autoinstall: Autoinstall }).autoinstall;
    for (const name of ['run', 'cdrom', 'target/etc', 'var/log/installer'])
      mkdirSync(this.path(name), { recursive: true });
    // PyYAML writes leaf mappings in braces or not, and folds long text, by its version.
    writeFileSync(
      this.path('autoinstall.yaml'),
      stringify(this.autoinstall, more.flow ? { collectionStyle: 'flow' } : { lineWidth: 80 }),
    );
    const places = fakeDisks(this.path('disks'), disks);
    for (const terminal of ['console', 'ttyS0']) writeFileSync(this.path(`disks/dev/${terminal}`), '');
    writeFileSync(this.path('calls'), '');
    this.insert(files);
    this.env = {
      PATH: livePath(this.path('bin')),
      INFINIBAY_ANSWERS: this.path('autoinstall.yaml'),
      INFINIBAY_RUN: this.path('run/infinibay'),
      TARGET_MOUNT_POINT: this.path('target'),
      ...places,
    };
    this.answer('mount', `${this.tool('xorriso')} -osirrox on -indev "$3" -extract / "$4" 2>/dev/null`);
    this.answer('umount', `${this.tool('chmod')} -R u+w "$1" && ${this.tool('rm')} -rf "$1"/*`);
    for (const name of ['systemctl', 'curtin', 'udevadm']) this.answer(name, '');
    this.answer('lvm', 'exit 5');
  }

  path = (name: string): string => join(this.root, name);
  read = (name: string): string => readFileSync(this.path(name), 'utf8');
  has = (name: string): boolean => existsSync(this.path(name));
  calls = (): string[] => this.read('calls').split('\n').slice(0, -1);
  console = (): string => this.read('disks/dev/console');
  serial = (): string => this.read('disks/dev/ttyS0');

  /** Attaches a real image with these files, by its label; null: takes it away. */
  insert(files: readonly SeedFile[] | null): void {
    insertMedium(this.path('disks/dev/disk/by-label/CIDATA'), 'CIDATA', files);
  }

  /** What Subiquity does to a disk: a new GPT, here with one partition. */
  partition(name: string, label = 'EFI System Partition'): void {
    const { status } = spawnSync('sfdisk', ['--quiet', '--wipe=always', this.path(`disks/dev/${name}`)], {
      input: `label: gpt\nsize=1MiB, name="${label}"\n`,
    });
    if (status !== 0) throw new Error(`sfdisk ended with ${status}`);
    const part = this.path(`disks/sys/block/${name}/${name}1`);
    mkdirSync(part, { recursive: true });
    writeFileSync(join(part, 'partition'), '1\n');
  }

  /** The machine after a power-off: the same disks, and nothing of the live system's memory. */
  restart(): void {
    rmSync(this.path('run'), { recursive: true });
    mkdirSync(this.path('run'));
    for (const file of ['calls', 'disks/dev/console', 'disks/dev/ttyS0']) writeFileSync(this.path(file), '');
    writeFileSync(this.path('autoinstall.yaml'), stringify(this.autoinstall, { lineWidth: 80 }));
  }

  async run(key: Commands): Promise<{ code: number | null; output: string }> {
    let output = '';
    for (const text of this.autoinstall[key]) {
      const moved = text
        .replaceAll(/(?<![\w/$}])\/(cdrom|var\/log\/installer)\//g, `${this.root}/$1/`)
        // Nobody waits here for a device that never comes.
        .replaceAll(/(fetch_settings) \d+/g, '$1 0');
      const words = Object.entries(this.env).map(([name, value]) => `${name}=${value}`);
      const running = start('/usr/bin/env', ['-i', ...words, join(this.path('bin'), 'sh'), '-c', moved]);
      const code = await running.exited;
      output += running.output();
      if (code !== 0) return { code, output };
    }
    return { code: 0, output };
  }

  /** What Subiquity reads after the early commands. */
  reread = (): Autoinstall => parse(this.read('autoinstall.yaml')) as Autoinstall;

  /** What a stand-in says when it is called. */
  answer(name: string, body: string): void {
    writeFileSync(
      this.path(`bin/${name}`),
      `#!/bin/sh\necho "${name} $*" >>${this.path('calls')}\n${body}\n`,
      { mode: 0o755 },
    );
  }

  private tool = (name: string): string => command('sh', ['-c', `command -v ${name}`]).trim();
}

/** Makes a folder that is the whole PATH of the live system. */
function livePath(folder: string): string {
  mkdirSync(folder);
  const owned = command('dpkg-query', ['-L', ...PACKAGES]).split('\n');
  const programs = owned.filter((file) => /^(\/usr)?\/s?bin\/[^/]+$/.test(file));
  for (const program of programs) {
    const name = basename(program);
    if (!STAND_INS.includes(name) && !existsSync(join(folder, name)))
      symlinkSync(program, join(folder, name));
  }
  for (const [name, program] of [
    ['awk', 'mawk'],
    ['sh', 'dash'],
  ] as const)
    if (!existsSync(join(folder, name))) symlinkSync(join(folder, program), join(folder, name));
  return folder;
}
