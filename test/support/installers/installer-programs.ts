import { existsSync, mkdirSync, readFileSync, symlinkSync } from 'node:fs';
import { delimiter, join } from 'node:path';

/** Installers whose systems are known: lists of what they lack, by release, are in `programs/`. */
export const INSTALLER_SYSTEMS = ['el8', 'el9', 'el10', 'fedora-43', 'fedora-44'] as const;
export type InstallerSystem = (typeof INSTALLER_SYSTEMS)[number];

/**
 * What all of them are known to have, unless a release's list takes it away. Of `[`, `printf`, `test`, `echo`
 * and `read` only the shell's own are there.
 */
const PRESENT =
  `mount umount cp mv rm ln mkdir chmod chown cat head tail cut tr sort uniq wc od sed gawk awk grep find readlink
  realpath sha256sum sleep date dd tee touch mktemp blkid lsblk wipefs findmnt flock blockdev sfdisk udevadm lvm
  mdadm ip nmcli systemctl curl tar gzip xz bash sh`.split(/\s+/);

/** By other names here, or by no other than these. */
const OTHER_NAMES: Readonly<Record<string, string>> = { awk: 'gawk', sh: 'bash' };

/**
 * Rows `path TAB package`: a pattern holds for the files of that package only, so that one of nothing but a
 * star says nothing of a program; braces are alternatives.
 */
function absentPrograms(system: InstallerSystem): RegExp[] {
  const list = readFileSync(join(import.meta.dirname, `programs/anaconda-${system}.txt`), 'utf8');
  return list
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('#'))
    .map((line) => line.split('\t')[0]?.split('/').pop() ?? '')
    .filter((name) => name !== '*')
    .map((name) => new RegExp(`^${pattern(name)}$`));
}

const pattern = (name: string): string =>
  name
    .replace(/[.[\]+()|^$?\\]/g, '\\$&')
    .replace(/\{([^}]*)\}/g, (_whole, words: string) => `(${words.replaceAll(',', '|')})`)
    .replaceAll('*', '.*');

/** Names of the programs that a system has. */
export function installerPrograms(system: InstallerSystem): string[] {
  const absent = absentPrograms(system);
  return PRESENT.filter((name) => !absent.some((one) => one.test(name)));
}

/** Where a program of this machine is, or null. */
export const programPath = (name: string): string | null =>
  [...(process.env['PATH'] ?? '').split(delimiter), '/usr/sbin', '/sbin']
    .map((folder) => join(folder, name))
    .find((path) => existsSync(path)) ?? null;

/**
 * Makes a folder that is the whole PATH of an installer's system: this machine's own programs by their names,
 * without those that are left out for stand-ins. What this machine lacks is missing there too.
 */
export function installerPath(folder: string, system: InstallerSystem, standIns: readonly string[]): string {
  mkdirSync(folder, { recursive: true });
  for (const name of installerPrograms(system)) {
    const path = programPath(OTHER_NAMES[name] ?? name);
    if (path !== null && !standIns.includes(name)) symlinkSync(path, join(folder, name));
  }
  return folder;
}
