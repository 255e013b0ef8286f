import type { Fault } from '#protocol';
import { didYouMean, shown } from '../fault.js';
import { find, findAll, textAt } from './find.js';
import type { Element } from './xml.js';

const TYPES = ['EFI', 'MSR', 'Primary', 'Extended', 'Logical'];
const FORMATS = ['NTFS', 'FAT32', 'FAT', 'ReFS'];
/**
 * MiB: a disk with 4096-byte sectors needs 260 for FAT32, others 100 (Microsoft, "UEFI/GPT-based hard drive
 * partitions").
 */
const EFI_LEAST = 100;
/** MiB; 16 since Windows 10, 128 before. */
const MSR_LEAST = 16;
const MSR_MOST = 128;

/**
 * Whether the disks of `Microsoft-Windows-Setup` can be laid out as it says, and whether Windows goes where
 * it can.
 */
export function diskFaults(component: Element, path: string, faults: Fault[]): void {
  const configuration = find(component, 'DiskConfiguration');
  const disks = configuration ? findAll(configuration, 'Disk') : [];
  const at = `${path}/DiskConfiguration/Disk`;
  const ids = new Map<string, Element>();
  for (const disk of disks) {
    const id = find(disk, 'DiskID');
    if (!id)
      faults.push({
        path: `${at}/DiskID`,
        message: 'is missing',
        remedy: 'add it: 0 is the first disk',
        line: disk.line,
      });
    else if (ids.has(id.text))
      faults.push({
        path: `${at}/DiskID`,
        value: id.text,
        message: 'is the DiskID of an earlier Disk',
        remedy: 'give each its own',
        line: id.line,
      });
    if (id) ids.set(id.text, disk);
    new Disk(disk, at, faults).check();
  }
  checkTarget(component, ids, path, faults);
}

class Disk {
  private readonly created: Element[];
  private readonly modified: Element[];
  private readonly gpt: boolean;

  constructor(
    private readonly disk: Element,
    private readonly path: string,
    private readonly faults: Fault[],
  ) {
    this.created = findAll(disk, 'CreatePartitions', 'CreatePartition');
    this.modified = findAll(disk, 'ModifyPartitions', 'ModifyPartition');
    this.gpt = this.created.some((partition) => ['EFI', 'MSR'].includes(textAt(partition, 'Type')));
  }

  check(): void {
    const open = this.created.find((partition) => textAt(partition, 'Extend') === 'true');
    this.created.forEach((partition, index) => this.checkCreated(partition, index, open));
    if (this.gpt && !this.created.some((partition) => textAt(partition, 'Type') === 'EFI'))
      this.add(
        'CreatePartitions',
        this.disk,
        'has no EFI partition: UEFI finds nothing to boot',
        'create one of type EFI',
      );
    const numbers = new Map<string, Element>();
    const letters = new Map<string, Element>();
    for (const partition of this.modified) this.checkModified(partition, numbers, letters);
    if (this.modified.filter((partition) => textAt(partition, 'Active') === 'true').length > 1)
      this.add(
        'ModifyPartitions/ModifyPartition/Active',
        this.disk,
        'is true for two partitions',
        'make the system partition alone active',
      );
  }

  private checkCreated(partition: Element, index: number, open: Element | undefined): void {
    const at = 'CreatePartitions/CreatePartition';
    const type = textAt(partition, 'Type');
    const size = Number(textAt(partition, 'Size'));
    const extend = textAt(partition, 'Extend') === 'true';
    if (!TYPES.includes(type))
      this.add(
        `${at}/Type`,
        find(partition, 'Type') ?? partition,
        'is no type of partition',
        didYouMean(type, TYPES, `use one of ${TYPES.join(', ')}`),
        type,
      );
    if (extend && find(partition, 'Size'))
      this.add(
        `${at}/Extend`,
        partition,
        'contradicts Size: one says all that is left, the other how much',
        'keep one of the two',
      );
    if (!extend && !find(partition, 'Size'))
      this.add(`${at}/Size`, partition, 'is missing', 'give Size in MB, or Extend true for the last one');
    if (find(partition, 'Size') && size < 1)
      this.add(`${at}/Size`, partition, 'must be 1 or more', 'give MB', String(size));
    if (open && open !== partition && index > this.created.indexOf(open))
      this.add(
        `${at}/Extend`,
        open,
        'takes all that is left, but another partition is created after it',
        'put the one with Extend last',
      );
    if (type === 'EFI' && find(partition, 'Size') && size < EFI_LEAST)
      this.add(
        `${at}/Size`,
        partition,
        `is too small for EFI: at least ${EFI_LEAST} MB`,
        'give 300',
        String(size),
      );
    if (type === 'MSR' && find(partition, 'Size') && (size < MSR_LEAST || size > MSR_MOST))
      this.add(
        `${at}/Size`,
        partition,
        `is not the size of an MSR: ${MSR_LEAST} to ${MSR_MOST} MB`,
        'give 16',
        String(size),
      );
    if (this.gpt && (type === 'Extended' || type === 'Logical'))
      this.add(`${at}/Type`, partition, `${type} is of MBR, but EFI and MSR are of GPT`, 'use Primary', type);
  }

  private checkModified(
    partition: Element,
    numbers: Map<string, Element>,
    letters: Map<string, Element>,
  ): void {
    const at = 'ModifyPartitions/ModifyPartition';
    const id = find(partition, 'PartitionID');
    // Partitions get their numbers as they are created; logical ones have numbers of their own.
    const logical = this.created.some((other) => textAt(other, 'Type') === 'Extended');
    const created = id && this.created[Number(id.text) - 1];
    if (!id) this.add(`${at}/PartitionID`, partition, 'is missing', 'add it');
    else {
      if (!logical && textAt(this.disk, 'WillWipeDisk') === 'true' && !created)
        this.add(
          `${at}/PartitionID`,
          id,
          `there is no partition ${id.text}: ${this.created.length} are created`,
          'correct the number',
          id.text,
        );
      if (numbers.has(id.text))
        this.add(
          `${at}/PartitionID`,
          id,
          `is modified on line ${numbers.get(id.text)?.line} too`,
          'put both in one',
          id.text,
        );
      numbers.set(id.text, id);
    }
    const format = find(partition, 'Format');
    const type = created && !logical ? textAt(created, 'Type') : '';
    if (format && !FORMATS.includes(format.text))
      this.add(
        `${at}/Format`,
        format,
        'is no file system that Setup makes',
        didYouMean(format.text, FORMATS, 'use NTFS'),
        format.text,
      );
    if (type === 'EFI' && format && format.text !== 'FAT32')
      this.add(`${at}/Format`, format, 'is no file system for EFI', 'use FAT32', format.text);
    if (type === 'MSR' && format)
      this.add(`${at}/Format`, format, 'an MSR has no file system', 'remove it', format.text);
    const active = find(partition, 'Active');
    if (this.gpt && active?.text === 'true')
      this.add(`${at}/Active`, active, 'is of MBR, but EFI and MSR are of GPT', 'remove it', 'true');
    const letter = find(partition, 'Letter');
    if (letter && !/^[A-WYZ]$/.test(letter.text))
      this.add(
        `${at}/Letter`,
        letter,
        'is no drive letter: C to Z, without X, which is the installer',
        'choose another',
        letter.text,
      );
    if (letter && letters.has(letter.text))
      this.add(
        `${at}/Letter`,
        letter,
        `is taken on line ${letters.get(letter.text)?.line}`,
        'choose another',
        letter.text,
      );
    if (letter) letters.set(letter.text, letter);
    const typeId = find(partition, 'TypeID');
    if (
      typeId &&
      !/^(0x[0-9A-Fa-f]{2}|[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12})$/.test(typeId.text)
    )
      this.add(
        `${at}/TypeID`,
        typeId,
        'is no type of partition',
        'give 0x27 (MBR), or de94bba4-06d1-4d40-a16a-bfd50179d6ac for recovery (GPT)',
        typeId.text,
      );
  }

  private add(part: string, { line }: Element, message: string, remedy: string, value?: string): void {
    this.faults.push({
      path: `${this.path}/${part}`,
      ...(value === undefined ? {} : { value: shown(value) }),
      message,
      remedy,
      line,
    });
  }
}

/** Where Windows goes must be a partition that is made, and one that can hold it. */
function checkTarget(component: Element, disks: Map<string, Element>, path: string, faults: Fault[]): void {
  const image = find(component, 'ImageInstall', 'OSImage');
  const target = image && find(image, 'InstallTo');
  const at = `${path}/ImageInstall/OSImage`;
  if (image && target && textAt(image, 'InstallToAvailablePartition') === 'true')
    faults.push({
      path: `${at}/InstallToAvailablePartition`,
      message: 'contradicts InstallTo',
      remedy: 'keep one of the two',
      line: target.line,
    });
  for (const data of image ? findAll(image, 'InstallFrom', 'MetaData') : []) {
    const key = find(data, 'Key');
    if (key && !/^\/IMAGE\/(NAME|INDEX|DESCRIPTION)$/.test(key.text))
      faults.push({
        path: `${at}/InstallFrom/MetaData/Key`,
        value: key.text,
        message: 'is no key of an image',
        remedy: 'write /IMAGE/NAME or /IMAGE/INDEX',
        line: key.line,
      });
  }
  if (!target || disks.size === 0) return;
  const disk = disks.get(textAt(target, 'DiskID'));
  if (!disk) {
    faults.push({
      path: `${at}/InstallTo/DiskID`,
      value: textAt(target, 'DiskID'),
      message: 'is no disk of DiskConfiguration',
      remedy: 'name the disk that is laid out',
      line: target.line,
    });
    return;
  }
  if (textAt(disk, 'WillWipeDisk') !== 'true') return;
  const number = textAt(target, 'PartitionID');
  const partition = findAll(disk, 'CreatePartitions', 'CreatePartition')[Number(number) - 1];
  const type = partition ? textAt(partition, 'Type') : '';
  if (!partition || !['Primary', 'Logical'].includes(type))
    faults.push({
      path: `${at}/InstallTo/PartitionID`,
      value: number,
      message: partition
        ? `is a partition of type ${type}, which cannot hold Windows`
        : 'is a partition that is not created',
      remedy: 'name the primary partition for Windows',
      line: target.line,
    });
}
