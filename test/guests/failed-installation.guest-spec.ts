import { mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { MediaPlan, MediaRequest } from '#protocol';
import { parse } from 'yaml';
import { FAMILIES } from '../../apps/media/families/family.js';
import { INSTALL_ENV } from '../../apps/media/families/linux/read-medium.js';
import type { SeedFile } from '../../apps/media/families/seed-file.js';
import { makeSeedImage } from '../../apps/media/image/iso.js';
import { writeSeedFolder } from '../../apps/media/image/seed-folder.js';
import { mediaPlan } from '../../apps/media/plan/plan.js';
import { parseKickstarts } from '../support/installers/pykickstart.js';
import { mediaRequest } from '../support/media/media.js';
import { SEED_INSTALL } from '../support/media/seeds.js';
import { fullKernel } from '../support/qemu/kernel.js';
import { type InstallerGuestOptions, startInstallerGuest } from '../support/qemu/installer-guest.js';

const MIB = 1_048_576;
const OS = { ubuntu: '24.04', rocky: '9' } as const;
type Name = keyof typeof OS;

/** What is wrong with the machine, its medium, or the installation that begins well. */
type Trouble =
  'none' | 'no medium' | 'no settings' | 'half a setting' | 'a setting less' | 'wrong disk' | 'later';

const WORDS: Record<Exclude<Trouble, 'none'>, RegExp> = {
  'no medium': /infinibay: the install medium \S+ is not there after 30 seconds/,
  'no settings': /infinibay: the install medium \S+ has no infinibay\/install\.env/,
  'half a setting': /infinibay: the settings on the install medium cannot be read/,
  'a setting less':
    /infinibay: the settings on the install medium are incomplete: INFINISERVICE_SHA256 is missing/,
  'wrong disk':
    /infinibay: no disk fits the rule \(serial ANOTHER\).*vda \(virtio, \d+ bytes, serial DISK-1\)/,
  later: /infinibay: the installer stopped with an error/,
};

/** Whether a QMP event is the one that a plan's end is told by. */
function isEnd(end: { event: string; data: object } | null | undefined, seen: object[]): boolean {
  if (!end) return false;
  return seen.some((event) => {
    const { event: name, data = {} } = event as { event: string; data?: Record<string, unknown> };
    return name === end.event && Object.entries(end.data).every(([key, value]) => data[key] === value);
  });
}

/**
 * The installers' own systems were never run here: this is busybox on the plan's machine, with what the
 * installers run of ours.
 */
describe.each<Name>(['rocky', 'ubuntu'])("an installer that runs a seed's programs: %s", (family) => {
  const folder = mkdtempSync(join(tmpdir(), 'infinibay-failed-'));
  beforeAll(async () => {
    await fullKernel();
  }, 900_000);
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  const request = mediaRequest({
    ...{ os: { family, version: OS[family] }, source: 'installer', firmware: 'bios' },
    resources: { cpus: 1, memoryMiB: 1024, diskFormat: 'raw' },
    disk: { match: { serial: 'DISK-1' } },
    mirror: 'http://mirror.example/',
    // One of each: a restart that ends the first start, and one that QEMU goes on after.
    delivery: family === 'ubuntu' ? 'chain' : 'seed',
  });

  /** Boots it, and tells how it ended and what it has said. */
  async function install(trouble: Trouble): Promise<{
    plan: MediaPlan;
    events: object[];
    said: string;
    disk: Buffer;
  }> {
    const base = mkdtempSync(join(folder, 'machine-'));
    const file = (name: string, bytes: number): string => {
      writeFileSync(join(base, name), '');
      truncateSync(join(base, name), bytes);
      return join(base, name);
    };
    const asked: MediaRequest =
      trouble === 'wrong disk'
        ? { ...request, disk: { ...request.disk, match: { serial: 'ANOTHER' } } }
        : request;
    const install = { ...SEED_INSTALL, vmId: request.vmId, reporting: null };
    const seed = FAMILIES[family].seed(asked, install, { mediaId: install.mediumId, passwords: new Map() });
    const image = trouble === 'no medium' ? file('seed', MIB) : await medium(base, spoiled(seed, trouble));
    const disk = file('disk', 16 * MIB);
    const plan = mediaPlan(request, {
      ...{ seed: image, socket: join(base, 'channel'), socketMode: 'connect' },
      kernelFiles: null,
    });
    const guest = await startInstallerGuest({
      plan,
      fills: {
        seed: image,
        chain: image,
        disk,
        vendorIso: file('vendor.iso', MIB),
        vendorVolumeId: 'VENDOR',
      },
      ...programs(seed, trouble === 'later'),
    });
    try {
      const { installed, failed } = plan.ends ?? {};
      await guest.qmp
        .event((event) => isEnd(installed?.qmp, [event]) || isEnd(failed?.qmp, [event]), 'its end', 600_000)
        .catch((error: unknown) => {
          throw new Error(`${String(error)}\n${guest.console()}`, { cause: error });
        });
      return { plan, events: guest.qmp.events, said: guest.console(), disk: readFileSync(disk) };
    } finally {
      await guest.remove();
    }
  }

  async function medium(base: string, files: SeedFile[]): Promise<string> {
    await writeSeedFolder(join(base, 'medium'), files);
    const { path } = { path: join(base, 'seed.iso') };
    await makeSeedImage({
      ...{ folder: join(base, 'medium'), image: path, label: FAMILIES[family].label, sourceDateEpoch: 0 },
      names: files.map(({ name }) => name).filter((name) => !name.includes('/')),
    });
    return path;
  }

  it('restarts after a good end, which the plan calls installed', async () => {
    const { plan, events, said } = await install('none');
    expect(said).toContain('installer: done, the machine restarts');
    expect(isEnd(plan.ends?.installed.qmp, events)).toBe(true);
    expect(isEnd(plan.ends?.failed.qmp, events)).toBe(false);
  }, 700_000);

  it.each<Exclude<Trouble, 'none'>>([
    'no medium',
    'no settings',
    'half a setting',
    'a setting less',
    'wrong disk',
    'later',
  ])(
    'powers off and says why, which the plan calls failed, and leaves the disk alone: %s',
    async (trouble) => {
      const { plan, events, said, disk } = await install(trouble);
      expect(said.replace(/\s+/g, ' ')).toMatch(WORDS[trouble]);
      expect(isEnd(plan.ends?.failed.qmp, events)).toBe(true);
      expect(isEnd(plan.ends?.installed.qmp, events)).toBe(false);
      expect(said).not.toContain('does nothing any more');
      expect(disk.equals(Buffer.alloc(disk.length))).toBe(true);
    },
    700_000,
  );
});

function spoiled(seed: SeedFile[], trouble: Trouble): SeedFile[] {
  if (trouble === 'no settings') return seed.filter(({ name }) => name !== INSTALL_ENV);
  const [cut, rest] = trouble === 'half a setting' ? ["SHA256='", 8] : ['INFINISERVICE_SHA256=', 0];
  if (trouble !== 'half a setting' && trouble !== 'a setting less') return seed;
  return seed.map((file) =>
    file.name === INSTALL_ENV
      ? { ...file, content: file.content.slice(0, file.content.indexOf(cut) + rest) }
      : file,
  );
}

/**
 * What the installers run of a seed, and when: after a failed %pre Anaconda runs nothing of ours any more.
 */
function programs(
  seed: SeedFile[],
  fails: boolean,
): Pick<InstallerGuestOptions, 'before' | 'beforeFailed' | 'laterFailed' | 'files'> {
  const text = (name: string): string => seed.find((file) => file.name === name)?.content ?? '';
  const kickstart = text('ks.cfg');
  if (kickstart) {
    const [parsed] = parseKickstarts([{ syntax: 'RHEL9', text: kickstart }]);
    const sections = (type: number): string[] =>
      (parsed?.scripts ?? []).filter((script) => script.type === type).map((script) => script.text);
    return { before: sections(0), beforeFailed: [], laterFailed: fails ? sections(4) : null };
  }
  const { autoinstall } = parse(text('user-data')) as {
    autoinstall: Record<'early-commands' | 'error-commands', string[]>;
  };
  return {
    before: autoinstall['early-commands'],
    beforeFailed: autoinstall['error-commands'],
    laterFailed: fails ? autoinstall['error-commands'] : null,
    // Where Subiquity keeps the answers that it reads again after the early commands.
    files: { 'autoinstall.yaml': text('user-data') },
  };
}
