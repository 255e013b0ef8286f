import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { command } from '../../../../test/support/processes/commands.js';
import { EventServer } from '../../../../test/support/servers/event-server.js';
import { type FakeDisk } from '../../../../test/support/installers/fake-disks.js';
import { LiveServer } from '../../../../test/support/installers/live-server.js';
import { mediaRequest } from '../../../../test/support/media/media.js';
import { CANARY_SECRET, CANARY_TOKEN, SEED_INSTALL } from '../../../../test/support/media/seeds.js';
import { agentFiles, INSTALL_SETTINGS, UBUNTU_PLACES } from '../linux/agent-files.js';
import { diskMark } from '../linux/disk-rule.js';
import { installEnv } from '../linux/install-env.js';
import { INSTALL_ENV } from '../linux/read-medium.js';
import { FAMILIES } from '../family.js';
import type { SeedFile } from '../seed-file.js';
import { UBUNTU_LEFTOVERS } from './commands.js';

const folder = mkdtempSync(join(tmpdir(), 'infinibay-subiquity-'));
const events = new EventServer();
let reporting = { url: '', token: CANARY_TOKEN };
beforeAll(async () => {
  reporting = { ...reporting, url: await events.listen() };
});
beforeEach(() => {
  events.reports.length = 0;
});
afterAll(async () => {
  await events.close();
  rmSync(folder, { recursive: true, force: true });
});

const GIB = 1024 ** 3;
const vda: FakeDisk = { name: 'vda', bytes: 20 * GIB, serial: { in: 'virtio', text: 'DISK-1' } };
const nvme: FakeDisk = { name: 'nvme0n1', bytes: 40 * GIB, serial: { in: 'nvme', text: 'DISK-2' } };
const cd: FakeDisk = { name: 'sr0', bytes: 2 * GIB, port: 'ata', type: 5, removable: true };

let machines = 0;
const newRoot = (): string => join(folder, `machine-${(machines += 1)}`);
const OTHER_MEDIUM = 'd0000000-0000-4000-8000-000000000002';
const medium = (disk: object, mediumId = SEED_INSTALL.mediumId): SeedFile[] =>
  FAMILIES.ubuntu.seed(
    mediaRequest({ source: 'installer', disk }),
    { ...SEED_INSTALL, mediumId, reporting },
    { mediaId: mediumId, passwords: new Map() },
  );
const machine = (disk: object, disks: FakeDisk[], flow = false): LiveServer =>
  new LiveServer(newRoot(), medium(disk), disks, { flow });

const mode = (path: string): string => (statSync(path).mode & 0o777).toString(8);
const POWER_OFF = ['systemctl poweroff'];
const poweredOff = (live: LiveServer): string[] =>
  live.calls().filter((call) => call.startsWith('systemctl'));
const partitionName = (live: LiveServer): string =>
  command('sfdisk', ['--part-label', live.path('disks/dev/vda'), '1']).trim();

describe("Ubuntu's early command", () => {
  it.each([
    ['by serial', { match: { serial: 'DISK-2' } }, '/dev/nvme0n1'],
    ['by bus', { match: { bus: 'virtio' } }, '/dev/vda'],
    ['by size', { match: { minBytes: 30 * GIB, maxBytes: 50 * GIB }, layout: 'lvm' }, '/dev/nvme0n1'],
  ])('puts the disk that is chosen %s where Subiquity matches', async (_name, disk, path) => {
    for (const flow of [false, true]) {
      events.reports.length = 0;
      const live = machine(disk, [vda, nvme, cd], flow);
      expect(await live.run('early-commands')).toEqual({ code: 0, output: '' });
      expect(live.reread().storage.layout.match).toEqual({ path });
      expect(events.phases()).toEqual(['installer-started', 'partitioning']);
      expect(poweredOff(live)).toEqual([]);
    }
  });

  it('takes the only disk when nothing is asked for', async () => {
    const live = machine({}, [vda, cd]);
    expect((await live.run('early-commands')).code).toBe(0);
    expect(live.reread().storage).toEqual({ layout: { name: 'direct', match: { path: '/dev/vda' } } });
  });

  it('copies the settings of its medium, for root alone, and lets it go at once', async () => {
    const live = machine({}, [vda, cd]);
    await live.run('early-commands');
    expect(mode(live.path('run/infinibay'))).toBe('700');
    expect(mode(live.path('run/infinibay/install.env'))).toBe('600');
    expect(live.read('run/infinibay/install.env')).toContain(CANARY_SECRET);
    const device = live.path('disks/dev/disk/by-label/CIDATA');
    expect(live.calls().filter((call) => /^u?mount/.test(call))).toEqual([
      `mount -o ro,nosuid,nodev,noexec ${device} ${live.path('run/infinibay/medium')}`,
      `umount ${live.path('run/infinibay/medium')}`,
    ]);
  });

  it("takes those of a remaster from the installer's own medium", async () => {
    const live = machine({}, [vda, cd]);
    const settings = live.path(`cdrom/cidata/${INSTALL_ENV}`);
    mkdirSync(dirname(settings), { recursive: true });
    writeFileSync(settings, installEnv({ ...SEED_INSTALL, reporting }).content);
    live.insert(null);
    expect(await live.run('early-commands')).toEqual({ code: 0, output: '' });
    expect(live.read('run/infinibay/install.env')).toBe(readFileSync(settings, 'utf8'));
    expect(live.calls().filter((call) => /^u?mount/.test(call))).toEqual([]);
  });

  it.each<[string, object, FakeDisk[], RegExp]>([
    ['several disks fit', {}, [vda, nvme], /more than one disk fits/],
    ['none fits', { match: { serial: 'X' } }, [vda], /no disk fits the rule \(serial X\).*vda/],
    ['it holds data', {}, [{ ...vda, partitions: 2 }], /vda holds partitions and disk.wipe is false/],
  ])('powers off when %s, and says why, once, wherever somebody looks', async (_name, disk, disks, why) => {
    const live = machine(disk, disks);
    const { code, output } = await live.run('early-commands');
    expect(code).not.toBe(0);
    for (const place of [output, live.console(), live.serial()]) {
      expect(place).toMatch(why);
      expect(place).toContain('the installation failed: the machine powers off');
    }
    expect(live.reread().storage.layout.match).toEqual({ path: '/dev/infinibay-disk' });
    // Subiquity runs them after a failed early command, in some releases.
    expect(await live.run('error-commands')).toEqual({ code: 0, output: '' });
    expect(poweredOff(live)).toEqual(POWER_OFF);
    expect(live.has('run/casper-no-prompt')).toBe(true);
    expect(events.phases()).toEqual(['installer-started', 'failed']);
    expect(events.bodies()[1]?.['reason']).toMatch(why);
  });

  const without = (name: string): SeedFile[] =>
    medium({}).map((file) =>
      file.name === INSTALL_ENV
        ? { ...file, content: file.content.replace(new RegExp(`^${name}=.*\n`, 'm'), '') }
        : file,
    );
  it.each<[string, () => SeedFile[] | null, RegExp]>([
    ['there is no medium', () => null, /the install medium .*CIDATA is not there/],
    [
      'there are no settings on it',
      () => medium({}).filter(({ name }) => name !== INSTALL_ENV),
      /the install medium .*CIDATA has no infinibay\/install.env/,
    ],
    ...['INFINIBAY_VM_ID', 'INFINISERVICE_SHA256', 'INFINISERVICE_SHARED_SECRET', 'INFINIBAY_MEDIUM_ID'].map(
      (name): [string, () => SeedFile[], RegExp] => [
        `${name} is missing`,
        () => without(name),
        new RegExp(`settings on the install medium are incomplete: ${name} is missing`),
      ],
    ),
    [
      'it is spoiled',
      () => medium({}).map((file) => (file.name === INSTALL_ENV ? { ...file, content: "A='\n" } : file)),
      /the settings on the install medium cannot be read/,
    ],
    [
      'it is another medium',
      () => medium({}, OTHER_MEDIUM),
      /the settings are of medium d0000000.*, and the answers of medium c1a0b9d8/,
    ],
  ])('powers off before it looks at a disk when %s', async (_name, files, why) => {
    const live = machine({}, [vda]);
    live.insert(files());
    const { code, output } = await live.run('early-commands');
    expect(code).not.toBe(0);
    for (const place of [output, live.console(), live.serial()]) expect(place).toMatch(why);
    expect(output + live.console()).not.toContain(CANARY_SECRET);
    expect(live.reread().storage.layout.match).toEqual({ path: '/dev/infinibay-disk' });
    expect(poweredOff(live)).toEqual(POWER_OFF);
    expect(live.has('run/infinibay/disk')).toBe(false);
  });

  it('powers off when the answers have no place for the disk, or by force when it cannot ask for it', async () => {
    const live = machine({}, [vda]);
    writeFileSync(live.path('autoinstall.yaml'), 'version: 1\n');
    live.answer('systemctl', '[ "$1" = --force ]');
    const { code, output } = await live.run('early-commands');
    expect(code).toBe(1);
    expect(output).toContain('does not name a disk: nothing was written');
    expect(poweredOff(live)).toEqual([...POWER_OFF, 'systemctl --force --force poweroff']);
  });
});

describe("Ubuntu's error command", () => {
  it('says why, with the end of the log, and powers off', async () => {
    const live = machine({}, [vda]);
    await live.run('early-commands');
    writeFileSync(live.path('var/log/installer/curtin-install.log'), 'E: "no space"\n');
    expect((await live.run('error-commands')).code).toBe(0);
    const reason = 'infinibay: the installer stopped with an error';
    for (const place of [live.console(), live.serial()]) {
      expect(place).toContain(`${reason}\n`);
      expect(place).toContain('E: "no space"\n');
    }
    expect(events.bodies().at(-1)).toEqual({ phase: 'failed', reason, logTail: 'E: "no space"\n' });
    expect(poweredOff(live)).toEqual(POWER_OFF);
    expect(live.has('run/casper-no-prompt')).toBe(true);
  });

  it('does so where Subiquity refused the answers before any command', async () => {
    const live = machine({}, [vda]);
    writeFileSync(live.path('var/log/installer/subiquity-server-debug.log'), 'ValidationError\n');
    expect((await live.run('error-commands')).code).toBe(0);
    expect(events.bodies()).toEqual([
      expect.objectContaining({ phase: 'failed', logTail: 'ValidationError\n' }),
    ]);
    expect(poweredOff(live)).toEqual(POWER_OFF);
    const alone = machine({}, [vda]);
    alone.insert(null);
    expect((await alone.run('error-commands')).code).toBe(0);
    expect(alone.console()).toContain('the installer stopped with an error');
    expect(poweredOff(alone)).toEqual(POWER_OFF);
  });

  it('marks a disk that was begun, which the same medium then takes again, and no other', async () => {
    const live = machine({}, [vda]);
    await live.run('early-commands');
    live.partition('vda');
    await live.run('error-commands');
    expect(partitionName(live)).toBe(diskMark(SEED_INSTALL.mediumId));
    live.restart();
    expect(await live.run('early-commands')).toEqual({ code: 0, output: '' });
    live.restart();
    // Nothing was written this time: the mark is still there.
    await live.run('early-commands');
    await live.run('error-commands');
    expect(partitionName(live)).toBe(diskMark(SEED_INSTALL.mediumId));
    const other = new LiveServer(newRoot(), medium({}, OTHER_MEDIUM), [
      { ...vda, partitions: 1, holds: { partitionName: diskMark(SEED_INSTALL.mediumId) } },
    ]);
    const { output } = await other.run('early-commands');
    expect(output).toContain('vda holds partitions');
  });

  it('marks none that nothing was written to', async () => {
    const live = machine({ wipe: true }, [{ ...vda, partitions: 1, holds: { partitionName: 'EFI' } }]);
    await live.run('early-commands');
    await live.run('error-commands');
    expect(partitionName(live)).toBe('EFI');
  });
});

describe("Ubuntu's late command", () => {
  it('puts settings, the agent’s files and the lock of apt on the machine, and ends the right to its disk', async () => {
    const live = machine({}, [vda]);
    await live.run('early-commands');
    live.partition('vda', diskMark(SEED_INSTALL.mediumId));
    expect(await live.run('late-commands')).toEqual({ code: 0, output: '' });
    const target = (path: string): string => live.path(`target${path}`);
    expect(readFileSync(target(INSTALL_SETTINGS), 'utf8')).toBe(
      installEnv({ ...SEED_INSTALL, reporting }).content,
    );
    expect(mode(target(INSTALL_SETTINGS))).toBe('600');
    expect(mode(dirname(target(INSTALL_SETTINGS)))).toBe('700');
    for (const { path, mode: wanted, content } of agentFiles(
      { ...SEED_INSTALL, reporting },
      UBUNTU_PLACES,
      UBUNTU_LEFTOVERS,
    )) {
      expect(readFileSync(target(path), 'utf8')).toBe(content);
      expect(mode(target(path)).padStart(4, '0')).toBe(wanted);
      expect(mode(dirname(target(path)))).toBe('755');
    }
    expect(readFileSync(target('/etc/apt/apt.conf.d/90infinibay-lock'), 'utf8')).toBe(
      'DPkg::Lock::Timeout "600";\n',
    );
    expect(live.calls().filter((call) => call.startsWith('curtin'))).toEqual([
      `curtin in-target --target=${live.path('target')} -- systemctl enable infiniservice-install.service`,
    ]);
    expect(partitionName(live)).not.toContain('INFI');
    // The same medium, beside the system that it has installed.
    live.restart();
    expect((await live.run('early-commands')).output).toContain(
      'vda holds partitions and disk.wipe is false',
    );
  });

  it('never ends the installation, whatever fails', async () => {
    const live = machine({}, [vda]);
    live.answer('curtin', 'exit 1');
    rmSync(live.path('target'), { recursive: true });
    writeFileSync(live.path('target'), '');
    expect((await live.run('late-commands')).code).toBe(0);
  });
});

describe("Ubuntu's commands", () => {
  it('hold no secret: Subiquity shows their text, and copies it to the installed system', () => {
    const text = JSON.stringify(machine({}, []).autoinstall);
    for (const secret of [CANARY_SECRET, CANARY_TOKEN, reporting.url, SEED_INSTALL.pins.binarySha256])
      expect(text).not.toContain(secret);
  });

  it('are sh that shellcheck takes', () => {
    const { autoinstall } = machine({ match: { serial: 'DISK-1' } }, []);
    for (const key of ['early-commands', 'error-commands', 'late-commands'] as const)
      for (const text of autoinstall[key]) {
        writeFileSync(join(folder, 'check.sh'), text);
        for (const shell of ['sh', 'dash']) command('shellcheck', ['-s', shell, join(folder, 'check.sh')]);
      }
  });
});
