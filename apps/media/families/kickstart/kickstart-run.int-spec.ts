import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { MediaRequest } from '#protocol';
import { AnacondaMachine } from '../../../../test/support/installers/anaconda-machine.js';
import { EventServer } from '../../../../test/support/servers/event-server.js';
import type { FakeDisk } from '../../../../test/support/installers/fake-disks.js';
import { mediaRequest } from '../../../../test/support/media/media.js';
import { start } from '../../../../test/support/processes/processes.js';
import { CANARY_SECRET, CANARY_TOKEN, SEED_INSTALL } from '../../../../test/support/media/seeds.js';
import type { AgentInstall } from '../linux/agent-files.js';
import { kickstartSeed } from './kickstart.js';

const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');
const folder = mkdtempSync(join(tmpdir(), 'infinibay-anaconda-'));
const events = new EventServer();
const files = new Map<string, string>();
let fileServer: Server;
let install: AgentInstall;

beforeAll(async () => {
  fileServer = createServer((request, response) => {
    const body = files.get(request.url?.split('/').pop() ?? '');
    response.writeHead(body === undefined ? 404 : 200).end(body);
  });
  await new Promise<void>((resolve) => fileServer.listen(0, '127.0.0.1', resolve));
  install = {
    ...SEED_INSTALL,
    distributionUrl: `http://127.0.0.1:${(fileServer.address() as AddressInfo).port}`,
    reporting: { url: await events.listen(), token: CANARY_TOKEN },
  };
});
beforeEach(() => {
  events.reports.length = 0;
  files.clear();
});
afterAll(async () => {
  fileServer.close();
  await events.close();
  rmSync(folder, { recursive: true, force: true });
});

let machines = 0;
function machineFor(request: MediaRequest, disks: FakeDisk[], its = install): AnacondaMachine {
  const [seed] = kickstartSeed(request, its);
  return new AnacondaMachine(join(folder, `machine-${(machines += 1)}`), seed?.content ?? '', disks);
}

const GIB = 1024 ** 3;
const vda: FakeDisk = { name: 'vda', bytes: 20 * GIB, serial: { in: 'virtio', text: 'DISK-1' } };
const vdb: FakeDisk = { name: 'vdb', bytes: 40 * GIB, serial: { in: 'virtio', text: 'DISK-2' } };
const rocky = (more: object = {}): MediaRequest =>
  mediaRequest({ os: { family: 'rocky', version: '9' }, source: 'installer', ...more });

describe('%pre', () => {
  it('writes the partitioning of the disk that the rule means, and says how far it is', async () => {
    const machine = machineFor(rocky({ disk: { match: { serial: 'DISK-2' }, layout: 'lvm' } }), [vda, vdb]);
    expect(await machine.run('pre')).toEqual({ code: 0, output: '' });
    const lines = machine.read('run/infinibay/disk.ks').trim().split('\n');
    expect(lines).toContain('ignoredisk --only-use=vdb');
    expect(lines).toContain('clearpart --all --initlabel --disklabel=gpt --drives=vdb');
    expect(lines.filter((line) => /vda|\$/.test(line))).toEqual([]);
    expect(events.phases()).toEqual(['installer-started', 'partitioning']);
    expect(events.reports[0]?.authorization).toBe(`Bearer ${CANARY_TOKEN}`);
  });

  it('leaves no secret in the kickstart that Anaconda copies to the installed system', async () => {
    const machine = machineFor(rocky(), [vda]);
    const before = machine.read('run/install/ks.cfg');
    await machine.run('pre');
    expect(machine.read('run/install/ks.cfg').split('\n')).toHaveLength(before.split('\n').length);
    expect(machine.read('run/install/ks.cfg')).toContain('\n# infinibay-settings: taken\n');
    expect(machine.holding(CANARY_SECRET)).toEqual(['run/infinibay/install.env']);
    expect(machine.holding(CANARY_TOKEN)).toEqual(['run/infinibay/install.env']);
    expect(statSync(machine.path('run/infinibay/install.env')).mode & 0o777).toBe(0o600);
  });

  it.each<[string, FakeDisk[], RegExp]>([
    ['two disks and no rule', [vda, vdb], /more than one disk fits .* vda .*DISK-1.* vdb .*DISK-2/],
    ['no disk', [], /no disk fits .*no disks seen/],
    ['a disk that holds data', [{ ...vda, holds: 'ext4' }], /vda holds .*disk.wipe is false/],
  ])('stops before anything is written for %s, and reports why, once', async (_name, disks, why) => {
    const machine = machineFor(rocky(), disks);
    // What an earlier run chose does not count.
    mkdirSync(machine.path('run/infinibay'));
    writeFileSync(machine.path('run/infinibay/disk.ks'), 'ignoredisk --only-use=vdz\n');
    const { code, output } = await machine.run('pre');
    expect(code).toBe(1);
    expect(output).toMatch(why);
    expect(machine.has('run/infinibay/disk.ks')).toBe(false);
    expect(events.phases()).toEqual(['installer-started', 'failed']);
    expect(events.bodies()[1]?.['reason']).toMatch(why);
    // Anaconda runs %onerror next.
    await machine.run('onError');
    expect(events.reports).toHaveLength(2);
  });

  it('does its work when nothing is to be reported', async () => {
    const machine = machineFor(rocky(), [vda], { ...install, reporting: null, channelSecret: null });
    for (const section of ['pre', 'preInstall', 'onError'] as const)
      expect((await machine.run(section)).code).toBe(0);
    expect(machine.has('run/infinibay/disk.ks')).toBe(true);
    expect(events.reports).toEqual([]);
  });
});

it('%pre-install and %onerror say how far it is, and how it ended', async () => {
  const machine = machineFor(rocky(), [vda]);
  await machine.run('pre');
  writeFileSync(machine.path('tmp/anaconda.log'), 'a "hostile"\nline\u0001\n');
  expect((await machine.run('preInstall')).code).toBe(0);
  expect((await machine.run('onError')).code).toBe(0);
  expect(events.bodies().slice(2)).toEqual([
    { phase: 'packages' },
    {
      phase: 'failed',
      reason: 'the installer stopped with an error',
      logTail: 'a "hostile"\nline\u0001\n',
    },
  ]);
});

describe('%post', () => {
  const users = [
    { name: 'ops' },
    {
      name: 'ada',
      passwordHash: '$6$saltsalt$abcdefghabcdefghabcdefghabcdefghabcdefghabcdefgh',
      sshKeys: [
        'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIE1n6fTlQ2 1',
        `ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIE1n6fTlQ2 it's "2" $(x)`,
      ],
    },
  ];
  /** Where the witness writes that it was run: where, with what and with which secret. */
  const witnessed = join(folder, 'witnessed');

  /** A machine whose agent is to be had, with the hashes that its seed names. */
  function served(request: MediaRequest): AnacondaMachine {
    const witness = `#!/bin/sh\nset -eu\necho "$PWD $* $INFINISERVICE_SHARED_SECRET" >${witnessed}\n`;
    const pins = { binarySha256: sha256('binary'), scriptSha256: sha256(witness), version: '0.1.0' };
    files.set(pins.binarySha256, 'binary').set(pins.scriptSha256, witness);
    return machineFor(request, [vda], { ...install, pins });
  }

  async function installed(machine: AnacondaMachine): Promise<void> {
    await machine.run('pre');
    expect(await machine.run('handOver')).toEqual({ code: 0, output: '' });
    expect(statSync(machine.path('etc/infinibay/install.env')).mode & 0o777).toBe(0o600);
  }

  it('installs the agent from /tmp/infiniservice, tells the log of its family, and leaves no secret', async () => {
    const machine = served(
      rocky({ users, proxy: 'http://proxy.example:3128', mirror: 'http://m/BaseOS/os/' }),
    );
    await installed(machine);
    mkdirSync(machine.path('var/log/anaconda'));
    // Copies as other releases of Anaconda may make them.
    writeFileSync(machine.path('root/original-ks.cfg'), `# ${machine.read('etc/infinibay/install.env')}`);
    const encoded = Buffer.from(machine.read('etc/infinibay/install.env')).toString('base64');
    writeFileSync(machine.path('var/log/anaconda/journal.log'), `ran echo ${encoded} | base64 -d\n`);
    writeFileSync(machine.path('var/log/anaconda/storage.log'), 'no secret\n');
    expect(await machine.run('post')).toEqual({ code: 0, output: '' });

    expect(readFileSync(witnessed, 'utf8')).toBe(
      `${machine.path('tmp/infiniservice')} normal ${install.vmId} ${CANARY_SECRET}\n`,
    );
    expect(machine.has('tmp/infiniservice')).toBe(false);
    expect(machine.has('var/lib/infinibay/infiniservice-installed')).toBe(true);
    expect(machine.read('root/infiniservice-install.log')).toMatch(
      /installing InfiniService 0\.1\.0[^]*done\n$/,
    );
    expect(events.phases()).toEqual(['installer-started', 'partitioning', 'agent-installed']);

    expect(machine.holding(CANARY_SECRET)).toEqual(['run/infinibay/install.env']);
    expect(machine.holding(CANARY_TOKEN)).toEqual(['run/infinibay/install.env']);
    expect(machine.holding(encoded.slice(0, 64))).toEqual([]);
    expect(machine.has('var/log/anaconda/storage.log')).toBe(true);
    expect(readdirSync(machine.path('tmp'))).toEqual([]);
  });

  it('puts users, sources and the unit in place, with their contexts', async () => {
    const machine = served(
      rocky({ users, proxy: 'http://proxy.example:3128', mirror: 'http://m/BaseOS/os/' }),
    );
    await installed(machine);
    await machine.run('post');
    expect(machine.read('etc/sudoers.d/90-infinibay')).toBe('ops ALL=(ALL) NOPASSWD: ALL\n');
    expect(machine.read('home/ada/.ssh/authorized_keys')).toBe(
      `ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIE1n6fTlQ2 it's "2" $(x)\n`,
    );
    expect(machine.read('etc/dnf/dnf.conf')).toBe('proxy=http://proxy.example:3128\n');
    expect(machine.read('etc/yum.repos.d/infinibay-mirror.repo')).toContain(
      'baseurl=http://m/AppStream/os/\n',
    );
    for (const [name, mode] of [
      ['usr/local/sbin/infiniservice-install', 0o700],
      ['etc/systemd/system/infiniservice-install.service', 0o644],
      ['etc/sudoers.d/90-infinibay', 0o440],
    ] as const) {
      expect(statSync(machine.path(name)).mode & 0o777).toBe(mode);
      expect(machine.read('calls')).toContain(`restorecon -F ${machine.path(name)}\n`);
    }
    expect(machine.read('calls')).toContain('systemctl enable infiniservice-install.service\n');
    expect(machine.read('calls')).toMatch(
      /restorecon -RF .*etc\/infinibay .*root\/infiniservice-install\.log/,
    );
  });

  it('goes on without the agent, says so, and leaves the rest to the unit after the start', async () => {
    const machine = machineFor(rocky({ users }), [vda]);
    await installed(machine);
    expect(await machine.run('post')).toEqual({ code: 0, output: '' });
    expect(events.phases()).toEqual(['installer-started', 'partitioning', 'packages']);
    expect(events.bodies()[2]?.['reason']).toContain('infiniservice-install.service goes on after the start');
    expect(events.bodies()[2]?.['logTail']).toContain('404');
    expect(machine.has('var/lib/infinibay/infiniservice-installed')).toBe(false);
    expect(machine.read('etc/infinibay/install.env')).toContain(CANARY_SECRET);

    // The unit's program after the start, with the files there at last.
    const pins = { binarySha256: sha256('late'), scriptSha256: sha256('#!/bin/sh\n'), version: '0.1.0' };
    files.set(pins.binarySha256, 'late').set(pins.scriptSha256, '#!/bin/sh\n');
    writeFileSync(
      machine.path('etc/infinibay/install.env'),
      machine
        .read('etc/infinibay/install.env')
        .replace('b'.repeat(64), pins.binarySha256)
        .replace('a'.repeat(64), pins.scriptSha256),
    );
    const again = start('/bin/sh', [machine.path('usr/local/sbin/infiniservice-install')], {
      env: { PATH: `${machine.path('bin')}:${process.env['PATH']}` },
    });
    expect(await again.exited).toBe(0);
    expect(events.phases().slice(3)).toEqual(['first-boot', 'agent-installed']);
    expect(machine.has('etc/infinibay/install.env')).toBe(false);
  });

  it('ends well when even the settings are missing', async () => {
    const machine = machineFor(rocky(), [vda]);
    expect(await machine.run('post')).toEqual({ code: 0, output: '' });
    expect(machine.has('etc/systemd/system/infiniservice-install.service')).toBe(true);
  });
});
