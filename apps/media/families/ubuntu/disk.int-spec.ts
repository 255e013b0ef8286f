import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { parse, stringify } from 'yaml';
import { command } from '../../../../test/support/processes/commands.js';
import { EventServer } from '../../../../test/support/servers/event-server.js';
import { type FakeDisk, fakeDisks } from '../../../../test/support/installers/fake-disks.js';
import { mediaRequest } from '../../../../test/support/media/media.js';
import { start } from '../../../../test/support/processes/processes.js';
import { CANARY_TOKEN, SEED_INSTALL } from '../../../../test/support/media/seeds.js';
import { ubuntuSeed } from './ubuntu.js';

interface Autoinstall {
  'early-commands': string[];
  'error-commands': string[];
  storage: { layout: { name: string; match: { path: string } } };
}

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
/**
 * Runs commands as Subiquity does: each by `sh -c`, in an environment with fake disks and with the answers as
 * Subiquity writes them.
 */
class LiveSession {
  readonly root = mkdtempSync(join(folder, `machine-${(machines += 1)}-`));
  readonly autoinstall: Autoinstall;
  private readonly answers = join(this.root, 'autoinstall.yaml');
  private readonly env: Record<string, string>;

  constructor(disk: object, disks: FakeDisk[], flow = false) {
    const request = mediaRequest({ source: 'installer', disk });
    const seed = ubuntuSeed(request, { ...SEED_INSTALL, reporting }, 'm')[0]?.content ?? '';
    this.autoinstall = (parse(seed) as { autoinstall: Autoinstall }).autoinstall;
    // PyYAML writes leaf mappings in braces or not, and folds long text, by its version.
    writeFileSync(
      this.answers,
      stringify(this.autoinstall, flow ? { collectionStyle: 'flow' } : { lineWidth: 80 }),
    );
    this.env = {
      PATH: process.env['PATH'] ?? '',
      INFINIBAY_ANSWERS: this.answers,
      ...fakeDisks(join(this.root, 'disks'), disks),
    };
  }

  async run(key: 'early-commands' | 'error-commands'): Promise<{ code: number | null; output: string }> {
    let output = '';
    for (const text of this.autoinstall[key]) {
      const moved = text.replaceAll('/run/', `${this.root}/`).replaceAll('/var/log/', `${this.root}/`);
      const running = start('sh', ['-c', moved], { env: this.env });
      const code = await running.exited;
      output += running.output();
      if (code !== 0) return { code, output };
    }
    return { code: 0, output };
  }

  /** What Subiquity reads after the early commands. */
  reread(): Autoinstall {
    return parse(readFileSync(this.answers, 'utf8')) as Autoinstall;
  }
}

describe("Ubuntu's early commands", () => {
  it.each([
    ['by serial', { match: { serial: 'DISK-2' } }, '/dev/nvme0n1'],
    ['by bus', { match: { bus: 'virtio' } }, '/dev/vda'],
    ['by size', { match: { minBytes: 30 * GIB, maxBytes: 50 * GIB }, layout: 'lvm' }, '/dev/nvme0n1'],
  ])('put the disk that is chosen %s where Subiquity matches', async (_name, disk, path) => {
    for (const flow of [false, true]) {
      events.reports.length = 0;
      const session = new LiveSession(disk, [vda, nvme, cd], flow);
      expect(await session.run('early-commands')).toEqual({ code: 0, output: '' });
      expect(session.reread().storage.layout.match).toEqual({ path });
      expect(events.phases()).toEqual(['installer-started', 'partitioning']);
    }
  });

  it('take the only disk when nothing is asked for', async () => {
    const session = new LiveSession({}, [vda, cd]);
    expect((await session.run('early-commands')).code).toBe(0);
    expect(session.reread().storage).toEqual({ layout: { name: 'direct', match: { path: '/dev/vda' } } });
  });

  it.each<[string, object, FakeDisk[], RegExp]>([
    ['several fit', {}, [vda, nvme], /more than one disk fits/],
    ['none fits', { match: { serial: 'X' } }, [vda], /no disk fits the rule \(serial X\).*vda/],
    ['it holds data', {}, [{ ...vda, partitions: 2 }], /vda holds partitions and disk.wipe is false/],
  ])('abort the installation when %s, and say why, once', async (_name, disk, disks, why) => {
    const session = new LiveSession(disk, disks);
    const { code, output } = await session.run('early-commands');
    expect(code).not.toBe(0);
    expect(output).toMatch(why);
    expect(session.reread().storage.layout.match).toEqual({ path: '/dev/infinibay-disk' });
    expect((await session.run('error-commands')).code).toBe(0);
    expect(events.phases()).toEqual(['installer-started', 'failed']);
    expect(events.bodies()[1]?.['reason']).toMatch(why);
  });

  it('abort it when the answers have no place for the disk', async () => {
    const session = new LiveSession({}, [vda]);
    writeFileSync(join(session.root, 'autoinstall.yaml'), 'version: 1\n');
    const { code, output } = await session.run('early-commands');
    expect(code).toBe(1);
    expect(output).toContain('does not name a disk: nothing was written');
  });

  it('and error commands are sh that shellcheck takes', () => {
    const { autoinstall } = new LiveSession({ match: { serial: 'DISK-1' } }, []);
    for (const text of [...autoinstall['early-commands'], ...autoinstall['error-commands']]) {
      writeFileSync(join(folder, 'check.sh'), text);
      for (const shell of ['sh', 'dash']) command('shellcheck', ['-s', shell, join(folder, 'check.sh')]);
    }
  });
});

it("Ubuntu's error commands report the end of curtin's log", async () => {
  const session = new LiveSession({}, [vda]);
  command('mkdir', ['-p', join(session.root, 'installer')]);
  writeFileSync(join(session.root, 'installer/curtin-install.log'), 'E: "no space"\n');
  expect((await session.run('error-commands')).code).toBe(0);
  expect(events.bodies()).toEqual([
    { phase: 'failed', reason: 'the installer stopped with an error', logTail: 'E: "no space"\n' },
  ]);
});
