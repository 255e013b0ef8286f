import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { command } from '../processes/commands.js';

/**
 * An EFI program that says what it is and from where it was started, as the firmware tells it, and ends the
 * machine.
 */
export function makeEfiProgram(path: string, says: string): string {
  const script = `${path}.cfg`;
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(script, `echo "${says} from $cmdpath"\nhalt\n`);
  const modules = ['echo', 'halt', 'fat', 'iso9660', 'udf', 'part_gpt', 'part_msdos'];
  command('grub-mkimage', ['-O', 'x86_64-efi', '-p', '/', '-c', script, '-o', path, ...modules]);
  return path;
}

/**
 * A stand-in for a Windows ISO: UDF with the boot programs, and an ISO 9660 tree beside it that has nothing
 * but a readme, as on the vendor's media.
 * @param says what its setup prints when it is started
 */
export function makeWindowsIso(folder: string, iso: string, says: string): string {
  makeEfiProgram(join(folder, 'efi/microsoft/boot/cdboot_noprompt.efi'), says);
  writeFileSync(join(folder, 'README.TXT'), 'This disc contains a "UDF" file system.\r\n');
  command('genisoimage', [
    '-quiet',
    '-udf',
    '-V',
    'CCCOMA_X64FRE_EN-US_DV9',
    '-hide',
    'efi',
    '-o',
    iso,
    folder,
  ]);
  return iso;
}

/**
 * A disk of 64 MiB with GPT and an EFI partition.
 * @param files path on the partition to the file that goes there; null makes a folder
 */
export function makeEfiDisk(disk: string, files: Record<string, string | null>): string {
  const partition = `${disk}.esp`;
  command('mkfs.fat', ['-C', '-F', '16', partition, String(32 * 1024)]);
  const made = new Set<string>();
  for (const [path, from] of Object.entries(files)) {
    const parts = path.split('/');
    const folders = from === null ? parts : parts.slice(0, -1);
    folders.forEach((_part, index) => {
      const parent = folders.slice(0, index + 1).join('/');
      if (!made.has(parent)) command('mmd', ['-i', partition, `::/${parent}`]);
      made.add(parent);
    });
    if (from !== null) command('mcopy', ['-i', partition, from, `::/${path}`]);
  }
  command('truncate', ['-s', '64M', disk]);
  command('parted', [
    '-s',
    disk,
    'mklabel',
    'gpt',
    'mkpart',
    'EFI',
    'fat32',
    '1MiB',
    '33MiB',
    'set',
    '1',
    'esp',
    'on',
  ]);
  command('dd', [`if=${partition}`, `of=${disk}`, 'bs=1M', 'seek=1', 'conv=notrunc', 'status=none']);
  return disk;
}
