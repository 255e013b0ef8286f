import type { Fault } from '#protocol';
import { didYouMean } from '../fault.js';
import { type Add, faultsOf } from './command-fault.js';
import type { ReadCommand } from './options.js';

const LAYOUT = ['part', 'partition', 'logvol', 'volgroup', 'raid', 'btrfs', 'mount'];
const SPECIAL = /^(swap|biosboot|prepboot|none|raid\.\S+|pv\.\S+|btrfs\.\S+)$/;

/**
 * What ties the storage commands together. `includes`: more of them may come from another file, so nothing is
 * missing for certain.
 */
export function partitionFaults(commands: ReadCommand[], includes: boolean): Fault[] {
  const faults: Fault[] = [];
  const add: AddTo = (command, ...fault) => faultsOf(command, faults)(...fault);
  const storage = new Storage(commands, includes, add);
  storage.checkKinds();
  storage.checkSizes();
  storage.checkMounts();
  storage.checkMembers();
  storage.checkDisks();
  return faults;
}

type AddTo = (command: ReadCommand, ...fault: Parameters<Add>) => void;

class Storage {
  private readonly layout: ReadCommand[];
  private readonly parts: ReadCommand[];
  private readonly logical: ReadCommand[];

  constructor(
    private readonly commands: ReadCommand[],
    private readonly includes: boolean,
    private readonly add: AddTo,
  ) {
    this.layout = commands.filter(({ name }) => LAYOUT.includes(name));
    this.parts = commands.filter(({ name }) => name === 'part' || name === 'partition');
    this.logical = commands.filter(({ name }) => name === 'logvol');
  }

  /** One way to lay a disk out. */
  checkKinds(): void {
    const [automatic] = this.named('autopart');
    const [own] = this.layout;
    if (automatic && own)
      this.add(
        automatic,
        '',
        `contradicts ${own.name} on line ${own.line}: one lays the disk out, the other does too`,
        'keep one of them',
      );
    if (automatic && this.named('reqpart').length > 0)
      this.add(automatic, '', 'contradicts reqpart', 'remove reqpart: autopart makes what is required');
    const type = automatic?.options.get('type');
    const types = ['lvm', 'btrfs', 'plain', 'thinp'];
    if (automatic && type !== undefined && !types.includes(type))
      this.add(
        automatic,
        '--type',
        `must be one of ${types.join(', ')}`,
        didYouMean(type, types, 'use one of them'),
        type,
      );
    for (const clear of this.named('clearpart')) {
      const kinds = ['all', 'linux', 'none', 'list'].filter((option) => clear.options.has(option));
      if (kinds.length > 1) this.add(clear, '', `--${kinds.join(' and --')} exclude each other`, 'keep one');
      const label = clear.options.get('disklabel');
      if (label !== undefined && !['gpt', 'msdos', 'mbr', 'dasd'].includes(label))
        this.add(clear, '--disklabel', 'must be gpt or msdos', 'correct it', label);
    }
    for (const ignore of this.named('ignoredisk'))
      if (ignore.options.has('drives') && ignore.options.has('only-use'))
        this.add(ignore, '', '--drives and --only-use exclude each other', 'keep one');
      else if (
        !ignore.options.has('drives') &&
        !ignore.options.has('only-use') &&
        !ignore.options.has('interactive')
      )
        this.add(ignore, '', 'names no disk', 'give --only-use with the disk to install to');
  }

  checkSizes(): void {
    for (const command of [...this.parts, ...this.logical]) {
      for (const option of ['size', 'maxsize', 'percent'] as const) {
        const value = command.options.get(option);
        const most = option === 'percent' ? 100 : Number.MAX_SAFE_INTEGER;
        if (value !== undefined && !(/^\d+$/.test(value) && Number(value) >= 1 && Number(value) <= most))
          this.add(
            command,
            `--${option}`,
            option === 'percent' ? 'must be 1 to 100' : 'must be a whole number of MiB',
            'write the number alone',
            value,
          );
      }
      if (command.options.has('size') && command.options.has('percent'))
        this.add(command, '--percent', 'stands beside --size', 'keep one of the two');
      const [size, max] = [Number(command.options.get('size')), Number(command.options.get('maxsize'))];
      if (max < size) this.add(command, '--maxsize', 'is less than --size', 'make it larger', String(max));
      const sized = [
        'size',
        'percent',
        'recommended',
        'hibernation',
        'onpart',
        'usepart',
        'useexisting',
        'noformat',
        'resize',
        'grow',
      ];
      if (!sized.some((option) => command.options.has(option)))
        this.add(
          command,
          '--size',
          'is missing: nothing says how large it is',
          'give --size in MiB, or --recommended',
        );
    }
    const shares = new Map<string, number>();
    for (const volume of this.logical) {
      const group = volume.options.get('vgname') ?? '';
      const sum = (shares.get(group) ?? 0) + Number(volume.options.get('percent') ?? 0);
      if (sum > 100 && volume.options.has('percent'))
        this.add(
          volume,
          '--percent',
          `the shares of ${group} add up to ${sum} %`,
          'give at most 100 % together',
        );
      shares.set(group, sum);
    }
  }

  checkMounts(): void {
    const seen = new Map<string, number>();
    for (const command of this.layout.filter(({ name }) => name !== 'volgroup')) {
      const at = this.mountPointOf(command);
      if (at === undefined) {
        if (command.name !== 'raid' && command.name !== 'btrfs')
          this.add(command, '', 'names no mount point', 'give one such as /');
        continue;
      }
      if (SPECIAL.test(at)) {
        if (/^(pv|raid|btrfs)\./.test(at) && seen.has(at))
          this.add(command, '', `${at} stands on line ${seen.get(at)} too`, 'give each its own name', at);
      } else if (!/^\/\S*$/.test(at)) {
        // A bare name is the label of a btrfs volume.
        if (command.name !== 'btrfs')
          this.add(command, '', 'is no mount point', 'begin it with /, or use swap', at);
      } else if (seen.has(at))
        this.add(
          command,
          '',
          `something else is mounted at ${at}, on line ${seen.get(at)}`,
          'mount each in its own place',
          at,
        );
      seen.set(at, command.line);
    }
    const [first] = this.layout;
    const rootless = this.layout.length > 0 && !seen.has('/') && !this.includes;
    if (first && rootless) this.add(first, '', 'nothing is mounted at /', 'add a part, logvol or raid for /');
  }

  /** Physical volumes, groups and logical volumes, RAID members. */
  checkMembers(): void {
    const parts = this.layout
      .map((command) => this.mountPointOf(command))
      .filter((name) => name !== undefined);
    const groups = this.named('volgroup');
    const used = new Map<string, string>();
    for (const user of [...groups, ...this.named('raid'), ...this.named('btrfs')]) {
      if (user.options.has('useexisting') || user.options.has('noformat') || user.options.has('subvol'))
        continue;
      for (const member of user.rest.slice(1)) {
        if (!parts.includes(member) && !this.includes && /^(pv|raid|btrfs)\./.test(member))
          this.add(
            user,
            '',
            `${member} is defined nowhere`,
            didYouMean(member, parts, 'add a part for it'),
            member,
          );
        if (used.has(member))
          this.add(
            user,
            '',
            `${member} belongs to ${used.get(member)} already`,
            'give each its own members',
            member,
          );
        used.set(member, user.rest[0] ?? user.name);
      }
      if (user.name === 'volgroup' && user.rest.length < 2)
        this.add(user, '', 'has no physical volume', 'name the parts that it is made of, such as pv.01');
    }
    const names = groups.map(({ rest }) => rest[0] ?? '');
    names.forEach((name, index) => {
      const group = groups[index];
      if (group && names.indexOf(name) < index)
        this.add(group, '', `the group ${name} stands twice`, 'give each its own name', name);
    });
    const volumes = new Set<string>();
    for (const volume of this.logical) {
      const group = volume.options.get('vgname') ?? '';
      if (
        !names.includes(group) &&
        !this.includes &&
        !volume.options.has('useexisting') &&
        !volume.options.has('noformat')
      )
        this.add(
          volume,
          '--vgname',
          `there is no group ${JSON.stringify(group)}`,
          didYouMean(group, names, 'add a volgroup'),
          group,
        );
      const name = `${group}/${volume.options.get('name') ?? ''}`;
      if (volumes.has(name))
        this.add(volume, '--name', `${name} stands twice`, 'give each its own name', name);
      volumes.add(name);
    }
    for (const raid of this.named('raid')) {
      const level = raid.options.get('level');
      if (
        level !== undefined &&
        !/^(raid)?(0|1|4|5|6|10)$/i.test(level) &&
        !/^(linear|stripe|mirror)$/i.test(level)
      )
        this.add(
          raid,
          '--level',
          'is no RAID level',
          'use RAID0, RAID1, RAID4, RAID5, RAID6 or RAID10',
          level,
        );
    }
  }

  /** Which disk is written to: said somewhere, and the same everywhere. */
  checkDisks(): void {
    const [ignore] = this.named('ignoredisk');
    const only = ignore?.options.get('only-use')?.split(',');
    const kept = ignore?.options.get('drives')?.split(',') ?? [];
    const used = [
      ...this.parts.map(
        (command) => [command, command.options.has('ondisk') ? 'ondisk' : 'ondrive'] as const,
      ),
      ...this.named('clearpart').map((command) => [command, 'drives'] as const),
      ...this.named('bootloader').map((command) => [command, 'boot-drive'] as const),
    ];
    for (const [command, option] of used)
      for (const disk of command.options.get(option)?.split(',') ?? []) {
        if ((only && !only.includes(disk)) || kept.includes(disk))
          this.add(
            command,
            `--${option}`,
            `${disk} is a disk that ignoredisk on line ${ignore?.line} leaves alone`,
            'name the same disk in both',
            disk,
          );
      }
    const taken = new Map<string, number>();
    for (const part of this.parts) {
      const existing = part.options.get('onpart') ?? part.options.get('usepart');
      if (existing === undefined) continue;
      if (taken.has(existing))
        this.add(
          part,
          '--onpart',
          `${existing} is used on line ${taken.get(existing)} too: they overlap`,
          'use another partition',
          existing,
        );
      taken.set(existing, part.line);
    }
    const said = ['clearpart', 'ignoredisk', 'zerombr'].some((name) => this.named(name).length > 0);
    const [first] = this.parts.filter(
      ({ options }) =>
        !['ondisk', 'ondrive', 'onpart', 'usepart', 'onbiosdisk'].some((option) => options.has(option)),
    );
    if (first && !said && !this.includes)
      this.add(
        first,
        '--ondisk',
        'nothing says which disk it is on, or what becomes of what is there',
        'add clearpart, ignoredisk --only-use or --ondisk',
      );
  }

  private named(name: string): ReadCommand[] {
    return this.commands.filter((command) => command.name === name);
  }

  private mountPointOf(command: ReadCommand): string | undefined {
    return command.name === 'mount' ? command.rest[1] : command.rest[0];
  }
}
