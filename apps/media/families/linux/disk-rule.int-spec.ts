import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from '@jest/globals';
import { command } from '../../../../test/support/processes/commands.js';
import { type FakeDisk, fakeDisks, type FakeMapped } from '../../../../test/support/installers/fake-disks.js';
import { diskMark, diskMarkScript, type DiskRule, diskRuleScript } from './disk-rule.js';

/** Exit codes of `scripts/disk-rule.sh`. */
const DISK_RULE_EXIT = { chosen: 0, none: 3, ambiguous: 4, holdsData: 5, unreadable: 6, shared: 7 } as const;

const GIB = 1024 ** 3;
/** Anaconda has bash for sh, Ubuntu has dash; busybox shows that neither's own habits are needed. */
const SHELLS: [string, ...string[]][] = [['dash'], ['bash', '--norc'], ['busybox', 'sh']];

const folder = mkdtempSync(join(tmpdir(), 'infinibay-disks-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

let machines = 0;
/**
 * @param more.lvm what `lvm pvs` prints, with `DEV` for the folder of the devices; without it there is no lvm
 */
function choose(
  rule: DiskRule,
  disks: FakeDisk[],
  more: { mapped?: FakeMapped[]; mark?: string; lvm?: string } = {},
): { code: number | null; disk: string; said: string } {
  const root = join(folder, `machine-${(machines += 1)}`);
  const env = fakeDisks(root, disks, more.mapped);
  // Never the lvm of the machine that tests.
  mkdirSync(join(root, 'bin'));
  writeFileSync(
    join(root, 'bin/lvm'),
    `#!/bin/sh\n[ "$1 $2" = 'pvs --readonly' ] && cat <<'END' || exit 5\n${(more.lvm ?? '').replaceAll('DEV', join(root, 'dev'))}\nEND\n`,
    { mode: 0o755 },
  );
  const results = SHELLS.map(([shell, ...options]) => {
    const script = diskRuleScript(rule, more.mark ?? '');
    const { status, stdout, stderr } = spawnSync(shell, [...options, '-c', script], {
      encoding: 'utf8',
      env: { PATH: `${join(root, 'bin')}:${process.env['PATH']}`, ...env },
      timeout: 30_000,
    });
    return { code: status, disk: stdout.trim(), said: stderr.trim() };
  });
  for (const result of results) expect(result).toEqual(results[0]);
  return results[0] ?? { code: null, disk: '', said: '' };
}

const vda: FakeDisk = { name: 'vda', bytes: 20 * GIB, serial: { in: 'virtio', text: 'DISK-1' } };
const vdb: FakeDisk = { name: 'vdb', bytes: 40 * GIB, serial: { in: 'virtio', text: 'DISK-2' } };
const sda: FakeDisk = {
  name: 'sda',
  bytes: 80 * GIB,
  port: 'ata',
  type: 0,
  serial: { in: 'vpd', text: 'DISK-3' },
};
const nvme: FakeDisk = { name: 'nvme0n1', bytes: 160 * GIB, serial: { in: 'nvme', text: 'DISK-4' } };
const cd: FakeDisk = { name: 'sr0', bytes: 2 * GIB, port: 'ata', type: 5, removable: true };
const rule = (match?: DiskRule['match'], wipe = false): DiskRule => ({ ...(match ? { match } : {}), wipe });

describe('the disk rule chooses', () => {
  it.each(['DISK-1', 'DISK-2', 'DISK-3', 'DISK-4'])('among four disks the one with serial %s', (serial) => {
    const { code, disk } = choose(rule({ serial }), [vda, vdb, sda, nvme, cd]);
    expect({ code, disk }).toEqual({
      code: 0,
      disk: { 'DISK-1': 'vda', 'DISK-2': 'vdb', 'DISK-3': 'sda', 'DISK-4': 'nvme0n1' }[serial],
    });
  });

  it('a disk whose serial only udev knows', () => {
    const usb: FakeDisk = { ...sda, port: 'usb', serial: { in: 'udev', text: 'USB-7' } };
    expect(choose(rule({ serial: 'USB-7' }), [vda, usb]).disk).toBe('sda');
    expect(choose(rule({ serial: 'MODEL_USB-7' }), [vda, usb]).disk).toBe('sda');
  });

  it('a virtio disk by a serial that is longer than virtio-blk carries, and no other by its beginning', () => {
    const serial = 'a-serial-of-thirty-characters-';
    const short: FakeDisk = { ...vdb, serial: { in: 'virtio', text: serial.slice(0, 20) } };
    expect(choose(rule({ serial }), [vda, short]).disk).toBe('vdb');
    expect(
      choose(rule({ serial }), [{ ...short, serial: { in: 'virtio', text: serial.slice(0, 19) } }]).code,
    ).toBe(3);
    expect(
      choose(rule({ serial }), [{ ...sda, serial: { in: 'vpd', text: serial.slice(0, 20) } }]).code,
    ).toBe(3);
  });

  it.each([
    ['virtio', 'vda'],
    ['sata', 'sda'],
    ['nvme', 'nvme0n1'],
    ['scsi', 'sdb'],
  ] as const)('by bus %s', (bus, name) => {
    const scsi: FakeDisk = { ...vdb, name: 'sdb', port: 'scsi', type: 0 };
    const usb: FakeDisk = { name: 'sdc', bytes: GIB, port: 'usb', type: 0 };
    expect(choose(rule({ bus }), [vda, sda, nvme, scsi, usb]).disk).toBe(name);
  });

  it('by size, both ends included', () => {
    const size = (minBytes: number, maxBytes: number): DiskRule => rule({ minBytes, maxBytes });
    expect(choose(size(30 * GIB, 50 * GIB), [vda, vdb, sda]).disk).toBe('vdb');
    expect(choose(size(40 * GIB, 40 * GIB), [vda, vdb, sda]).disk).toBe('vdb');
    expect(choose(size(40 * GIB + 1, 80 * GIB - 1), [vda, vdb, sda]).code).toBe(DISK_RULE_EXIT.none);
  });

  it('the only one, past all that is none to install on', () => {
    const others: FakeDisk[] = [
      cd,
      { name: 'sdb', bytes: GIB, port: 'usb', type: 0, removable: true },
      { name: 'vdb', bytes: GIB, readOnly: true },
      { name: 'vdc', bytes: GIB, holds: { label: 'OEMDRV' } },
      { name: 'vdd', bytes: GIB, holds: { label: 'CIDATA' } },
      { name: 'vde', bytes: GIB, mounted: true },
      { name: 'sdd', bytes: 0, port: 'usb', type: 0 },
      { name: 'sg-tape', bytes: GIB, port: 'scsi', type: 1 },
      { name: 'nvme0c0n1', bytes: GIB, hidden: true },
      { name: 'loop0', bytes: GIB, virtual: true },
      { name: 'zram0', bytes: GIB, virtual: true },
    ];
    const { disk } = choose(rule(), [vda, ...others]);
    expect(disk).toBe('vda');
    const without = choose(rule(), others);
    expect(without.code).toBe(DISK_RULE_EXIT.none);
    for (const reason of [
      ...['sr0 (CD drive)', 'sdb (removable)', 'vdb (read-only)', 'vdc (the seed)', 'vdd (the seed)'],
      ...['vde (in use by the installer)', 'sdd (no medium in it)', 'sg-tape (no disk, SCSI type 1)'],
      'nvme0c0n1 (a path to another disk)',
    ])
      expect(without.said).toContain(reason);
    expect(without.said).not.toMatch(/loop0|zram0/);
  });
});

describe('the disk rule stops, and names what it saw, when', () => {
  const seen =
    'disks seen: vda (virtio, 21474836480 bytes, serial DISK-1), vdb (virtio, 42949672960 bytes, serial DISK-2)';

  it('no disk fits', () => {
    expect(choose(rule({ serial: 'DISK-9' }), [vda, vdb])).toEqual({
      code: DISK_RULE_EXIT.none,
      disk: '',
      said: `infinibay: no disk fits the rule (serial DISK-9): nothing was written; ${seen}`,
    });
    expect(choose(rule(), []).said).toContain('no disks seen');
  });

  it.each<[string, DiskRule['match']]>([
    ['without a rule', undefined],
    ['with a bus', { bus: 'virtio' }],
    ['with a size', { minBytes: 1, maxBytes: 10 ** 15 }],
    ['with a serial', { serial: 'TWIN' }],
  ])('more than one does, %s: never the first', (_name, match) => {
    const twin = { in: 'virtio' as const, text: 'TWIN' };
    const disks = [vda, vdb].map((disk) => ({
      ...disk,
      ...(match && 'serial' in match ? { serial: twin } : {}),
    }));
    for (const order of [disks, disks.toReversed()]) {
      const { code, disk, said } = choose(rule(match, true), order);
      expect({ code, disk }).toEqual({ code: DISK_RULE_EXIT.ambiguous, disk: '' });
      expect(said).toMatch(/vda.*vdb|vdb.*vda/);
      expect(said).toContain('name one by its serial');
    }
  });

  it.each<[string, Partial<FakeDisk>]>([
    ['a partition', { partitions: 1 }],
    ['a file system', { holds: 'ext4' }],
    ['a partition table', { holds: 'gpt' }],
    ['a physical volume of LVM', { holds: 'lvm' }],
  ])('the disk holds %s and wipe is false; with wipe it is chosen', (_name, what) => {
    const full = { ...vda, ...what };
    const { code, disk, said } = choose(rule({ serial: 'DISK-1' }), [full, vdb]);
    expect({ code, disk }).toEqual({ code: DISK_RULE_EXIT.holdsData, disk: '' });
    expect(said).toMatch(
      /^infinibay: vda holds .* and disk.wipe is false: nothing was written; disks seen: vda/,
    );
    expect(choose(rule({ serial: 'DISK-1' }, true), [full, vdb]).disk).toBe('vda');
  });

  it('what the disk holds cannot be told', () => {
    const env = fakeDisks(join(folder, 'gone'), [vda]);
    rmSync(join(folder, 'gone/dev/vda'));
    const { status, stderr } = spawnSync('sh', ['-c', diskRuleScript(rule(), '')], {
      encoding: 'utf8',
      env: { PATH: process.env['PATH'], ...env },
    });
    expect(status).toBe(DISK_RULE_EXIT.unreadable);
    expect(stderr).toContain('cannot be told');
  });
});

describe('a disk that shares what it holds with another', () => {
  const data = 'fr3NB8-L2a8-6qIg-iJ5P-KzpX-uO4S-9m04dC';
  const other = '3VT4RI-R8ps-VCks-RPoC-1Fot-ba8H-RiFEVJ';
  const first: FakeDisk = { ...vda, partitions: 2 };
  const array = 'a1b2c3d4e5f60718293a4b5c6d7e8f90';
  const member = (disk: FakeDisk, of = array): FakeDisk => ({
    ...disk,
    holds: { raid: { array: of, name: 'host:data', devices: 2 } },
  });
  const mapper = (name: string, uuid: string): FakeMapped['mapper'] => ({ name, uuid });

  it.each<[string, FakeDisk[], { mapped?: FakeMapped[]; lvm?: string }, string]>([
    [
      'an active volume group',
      [first, vdb],
      {
        mapped: [{ name: 'dm-0', mapper: mapper('data-root', `LVM-${'x'.repeat(64)}`), on: ['vda2', 'vdb'] }],
      },
      'vda shares the logical volume data-root with vdb: nothing was written',
    ],
    [
      'an active volume group on encrypted partitions',
      [first, vdb],
      {
        mapped: [
          { name: 'dm-0', mapper: mapper('crypt', 'CRYPT-LUKS2-y-crypt'), on: ['vda2'] },
          { name: 'dm-1', mapper: mapper('data-root', `LVM-${'x'.repeat(64)}`), on: ['dm-0', 'vdb'] },
        ],
      },
      'vda shares the logical volume data-root with vdb: nothing was written',
    ],
    [
      'an active RAID',
      [vda, vdb],
      { mapped: [{ name: 'md127', on: ['vda', 'vdb'] }] },
      'vda shares the RAID md127 with vdb: nothing was written',
    ],
    [
      'an active multipath',
      [vda, vdb],
      { mapped: [{ name: 'dm-0', mapper: mapper('mpatha', 'mpath-0QEMU_1'), on: ['vda', 'vdb'] }] },
      'vda shares the multipath mpatha with vdb: nothing was written',
    ],
    [
      'a volume group that is not active',
      [first, vdb, sda],
      // Printed by LVM 2.03.16, but for the folder.
      { lvm: `  ${data}|data|DEV/vda2\n  ${data}|data|DEV/vdb\n  ${other}|other|DEV/sda` },
      'vda shares the volume group data with vdb: nothing was written',
    ],
    [
      'a volume group whose other disk is gone',
      [first, sda],
      { lvm: `  ${data}|data|DEV/vda2\n  ${other}|other|DEV/sda\n  ${data}|data|[unknown]` },
      'vda shares the volume group data with a disk that is not there: nothing was written',
    ],
    [
      'a RAID that is not active',
      [member(vda), member(vdb), member(sda, 'f'.repeat(32))],
      {},
      'vda shares the RAID host:data with vdb: nothing was written',
    ],
    [
      'a RAID whose other disk is gone',
      [member(vda), vdb],
      {},
      'vda shares the RAID host:data with a disk that is not there: nothing was written',
    ],
  ])('is refused, whatever may be wiped, for %s', (_name, disks, more, said) => {
    for (const [wipe, mark] of [
      [true, ''],
      [false, 'INFI-c1a0b9d8'],
    ] as const) {
      const result = choose(rule({ serial: 'DISK-1' }, wipe), disks, { ...more, mark });
      expect(result).toMatchObject({ code: DISK_RULE_EXIT.shared, disk: '' });
      expect(result.said).toContain(said);
    }
  });

  it('is none when all of it lies on that disk', () => {
    const lvm = `  ${data}|data|DEV/vda2\n  ${other}|other|DEV/vdb\n  ${other}|other|DEV/sda\n  ||DEV/nvme0n1`;
    const mapped: FakeMapped[] = [
      { name: 'dm-0', mapper: mapper('data-root', `LVM-${'x'.repeat(64)}`), on: ['vda2'] },
      { name: 'dm-1', mapper: mapper('other-root', `LVM-${'z'.repeat(64)}`), on: ['vdb', 'sda'] },
    ];
    const { disk, said } = choose(rule({ serial: 'DISK-1' }, true), [first, vdb, sda, nvme], { lvm, mapped });
    expect({ disk, said }).toEqual({ disk: 'vda', said: '' });
    const single: FakeDisk = { ...vda, holds: { raid: { array, name: 'host:data', devices: 1 } } };
    expect(choose(rule({ serial: 'DISK-1' }, true), [single, member(vdb)]).code).toBe(DISK_RULE_EXIT.shared);
    expect(choose(rule({ serial: 'DISK-1' }, true), [single, member(vdb, 'e'.repeat(32))]).disk).toBe('vda');
  });
});

describe('a disk that a medium has begun', () => {
  const medium = 'c1a0b9d8-1111-4000-8000-000000000001';
  const mark = diskMark(medium);
  const begun: FakeDisk = { ...vda, partitions: 1, holds: { partitionName: mark } };

  it('bears a mark of the medium and no secret of it', () => expect(mark).toBe('INFI-c1a0b9d8'));

  it('counts as empty for this medium only', () => {
    expect(choose(rule({ serial: 'DISK-1' }), [begun, vdb], { mark })).toEqual({
      code: 0,
      disk: 'vda',
      said: '',
    });
    for (const other of ['', diskMark('d1a0b9d8-1111-4000-8000-000000000001')])
      expect(choose(rule({ serial: 'DISK-1' }), [begun, vdb], { mark: other }).code).toBe(
        DISK_RULE_EXIT.holdsData,
      );
  });

  const marked = (disk: FakeDisk, calls: string): { disk: string; said: string; name: string }[] =>
    SHELLS.map(([shell, ...options]) => {
      const root = join(folder, `mark-${(machines += 1)}`);
      const env = { PATH: process.env['PATH'], ...fakeDisks(root, [disk]), INFINIBAY_RUN: join(root, 'run') };
      const { status, stderr } = spawnSync(
        shell,
        [...options, '-euc', `${diskMarkScript(medium)}\n${calls}`],
        { encoding: 'utf8', env },
      );
      expect(status).toBe(0);
      const again = spawnSync('sh', ['-c', diskRuleScript(rule({ serial: 'DISK-1' }), mark)], { env });
      const name = spawnSync('sfdisk', ['--part-label', join(root, 'dev/vda'), '1'], { encoding: 'utf8' });
      return { disk: again.stdout.toString().trim(), said: stderr, name: name.stdout.trim() };
    });
  const full: FakeDisk = { ...vda, partitions: 1, holds: { partitionName: 'EFI System Partition' } };

  it('is marked, and so taken again; unmarked it has its old name and is refused', () => {
    for (const result of marked(full, 'mark_disk vda; mark_disk vda'))
      expect(result).toEqual({ disk: 'vda', said: '', name: mark });
    for (const result of marked(full, 'mark_disk vda; mark_disk vda; unmark_disk vda; unmark_disk vda'))
      expect(result).toEqual({ disk: '', said: '', name: 'EFI System Partition' });
    // The mark of an earlier start, whose old name nobody knows any more.
    for (const result of marked(begun, 'unmark_disk vda'))
      expect(result).toEqual({ disk: '', said: '', name: '' });
  });

  it("keeps another's name, and is left alone where there is no GPT partition", () => {
    for (const result of marked(full, 'unmark_disk vda'))
      expect(result).toEqual({ disk: '', said: '', name: 'EFI System Partition' });
    for (const result of marked({ ...vda, holds: 'ext4' }, 'mark_disk vda; unmark_disk vda'))
      expect(result).toEqual({ disk: '', said: '', name: '' });
  });
});

it('writes nothing to any disk, whatever it finds', () => {
  const root = join(folder, 'untouched');
  const env = fakeDisks(root, [vda, { ...vdb, holds: 'ext4' }]);
  const images = (): string[] =>
    ['vda', 'vdb'].map((name) =>
      createHash('sha256')
        .update(readFileSync(join(root, 'dev', name)))
        .digest('hex'),
    );
  const before = images();
  for (const wipe of [true, false])
    for (const serial of ['DISK-1', 'DISK-2'])
      spawnSync('sh', ['-c', diskRuleScript(rule({ serial }, wipe), '')], {
        env: { PATH: process.env['PATH'], ...env },
      });
  expect(images()).toEqual(before);
});

it('is sh that shellcheck takes, for sh, dash and bash', () => {
  for (const match of [
    undefined,
    { serial: 'DISK-1' },
    { bus: 'nvme' as const },
    { minBytes: 1, maxBytes: 2 },
  ]) {
    const file = join(folder, 'rule.sh');
    writeFileSync(file, `${diskRuleScript(rule(match), '')}`);
    for (const shell of ['sh', 'dash', 'bash']) command('shellcheck', ['-s', shell, file]);
  }
});
