import { mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { MediaRequest } from '#protocol';
import { AnacondaLab, sha256, vda } from '../../../../test/support/installers/anaconda-lab.js';
import type { AnacondaMachine } from '../../../../test/support/installers/anaconda-machine.js';
import { mediaRequest } from '../../../../test/support/media/media.js';
import { CANARY_SECRET, CANARY_TOKEN } from '../../../../test/support/media/seeds.js';

const lab = new AnacondaLab();
const { events } = lab;
beforeAll(() => lab.start());
beforeEach(() => lab.reset());
afterAll(() => lab.stop());

const rocky = (more: object = {}): MediaRequest =>
  mediaRequest({ os: { family: 'rocky', version: '9' }, source: 'installer', ...more });

const KEYS = [
  'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIE1n6fTlQ2 1',
  `ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIE1n6fTlQ2 it's "2" $(x)`,
];
const users = [
  { name: 'ops' },
  {
    name: 'ada',
    passwordHash: '$6$saltsalt$abcdefghabcdefghabcdefghabcdefghabcdefghabcdefgh',
    sshKeys: KEYS,
  },
];
/** Where the witness writes that it was run: with what and with which secret. */
const witnessed = join(lab.folder, 'witnessed');

/** A machine whose agent is to be had, with the hashes that its medium names. */
function served(request: MediaRequest): AnacondaMachine {
  const witness = `#!/bin/sh\nset -eu\necho "$* $INFINISERVICE_SHARED_SECRET" >${witnessed}\n`;
  const pins = {
    ...{ binarySha256: sha256('binary'), binaryBytes: 'binary'.length },
    ...{ scriptSha256: sha256(witness), scriptBytes: witness.length, version: '0.1.0' },
  };
  lab.files.set(pins.binarySha256, 'binary').set(pins.scriptSha256, witness);
  return lab.machine(request, [vda], { install: { ...lab.install, pins } });
}

/** As Anaconda leaves it: what the request names is there. */
async function installed(machine: AnacondaMachine): Promise<void> {
  await machine.run('pre');
  expect(await machine.run('handOver')).toEqual({ code: 0, output: '' });
  expect(statSync(machine.path('etc/infinibay/install.env')).mode & 0o777).toBe(0o600);
  expect(statSync(machine.path('etc/infinibay')).mode & 0o777).toBe(0o700);
  expect(machine.has('etc/infinibay/install.env.part')).toBe(false);
  writeFileSync(machine.path('users'), 'ops\nada\n');
  writeFileSync(machine.path('home/ada/.ssh/authorized_keys'), `${KEYS[0]}\n`);
}

describe('%post', () => {
  it('installs the agent, tells the log of its family, and leaves no secret', async () => {
    const machine = served(rocky({ users }));
    await installed(machine);
    expect(await machine.run('post')).toEqual({ code: 0, output: '' });

    expect(readFileSync(witnessed, 'utf8')).toBe(`normal ${lab.install.vmId} ${CANARY_SECRET}\n`);
    expect(machine.has('tmp/infiniservice')).toBe(false);
    expect(machine.has('var/lib/infinibay/infiniservice-installed')).toBe(true);
    expect(machine.read('root/infiniservice-install.log')).toMatch(
      /installing InfiniService 0\.1\.0[^]*done\n$/,
    );
    expect(events.bodies()).toEqual([
      { phase: 'installer-started' },
      { phase: 'partitioning' },
      { phase: 'agent-installed' },
    ]);
    // The second is for the search at the first boot, and goes with it.
    for (const secret of [CANARY_SECRET, CANARY_TOKEN])
      expect(machine.holding(secret)).toEqual(['run/infinibay/install.env', 'var/lib/infinibay/secrets']);
    expect(statSync(machine.path('var/lib/infinibay/secrets')).mode & 0o777).toBe(0o600);
    expect(readdirSync(machine.path('tmp'))).toEqual([]);
  });

  it('puts users, sources and the unit in place, with their contexts', async () => {
    const machine = served(
      rocky({ users, proxy: 'http://proxy.example:3128', mirror: 'http://m/BaseOS/os/' }),
    );
    await installed(machine);
    await machine.run('post');
    expect(machine.read('etc/sudoers.d/90-infinibay')).toBe('ops ALL=(ALL) NOPASSWD: ALL\n');
    expect(machine.read('home/ada/.ssh/authorized_keys')).toBe(KEYS.map((key) => `${key}\n`).join(''));
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
      expect(machine.calls('restorecon')).toContain(`restorecon -F ${machine.path(name)}`);
    }
    for (const unit of ['sshd.service', 'infiniservice-install.service'])
      expect(machine.calls('systemctl')).toContain(`systemctl enable ${unit}`);
    expect(machine.read('calls')).toMatch(
      /restorecon -RF .*etc\/infinibay .*root\/infiniservice-install\.log/,
    );
  });

  it('goes on without the agent, says so, and leaves the rest to the unit after the start', async () => {
    const machine = lab.machine(rocky({ users }), [vda]);
    await installed(machine);
    expect(await machine.run('post')).toEqual({ code: 0, output: '' });
    expect(events.phases()).toEqual(['installer-started', 'partitioning', 'packages']);
    expect(events.bodies()[2]?.['reason']).toContain('infiniservice-install.service goes on after the start');
    expect(events.bodies()[2]?.['logTail']).toContain('404');
    expect(machine.has('var/lib/infinibay/infiniservice-installed')).toBe(false);
    expect(machine.read('etc/infinibay/install.env')).toContain(CANARY_SECRET);
  });

  it('ends well when even the settings are missing', async () => {
    const machine = lab.machine(rocky(), [vda]);
    expect(await machine.run('post')).toEqual({ code: 0, output: '' });
    expect(machine.has('etc/systemd/system/infiniservice-install.service')).toBe(true);
  });
});

describe('what was asked for and is not there is reported, and stands in the log:', () => {
  const packages = ['nginx', 'no-such-thing', 'Vim', '@core', '@^workstation-product-environment'];

  it('packages, users, their keys, services and a desktop', async () => {
    const machine = served(rocky({ users, packages }));
    await installed(machine);
    writeFileSync(machine.path('packages'), 'nginx\n');
    writeFileSync(machine.path('users'), 'ada\n');
    writeFileSync(machine.path('home/ada/.ssh/authorized_keys'), '');
    writeFileSync(machine.path('refused'), 'sshd.service\n');
    expect(await machine.run('post')).toEqual({ code: 0, output: '' });
    const warnings = [
      'sshd.service could not be enabled',
      'the package no-such-thing is not installed',
      'the package Vim is not installed',
      'a desktop was asked for and none is installed',
      'the user ops is missing',
      'the user ada is without the SSH key 1',
    ];
    expect(events.bodies().slice(2)).toEqual([{ phase: 'packages', warnings }, { phase: 'agent-installed' }]);
    for (const warning of warnings)
      expect(machine.read('root/infiniservice-install.log')).toContain(`\nwarning: ${warning}\n`);
  });

  it('nothing when all is there', async () => {
    const machine = served(rocky({ users, packages }));
    await installed(machine);
    writeFileSync(machine.path('packages'), 'nginx\nno-such-thing\nVim\n');
    mkdirSync(machine.path('etc/systemd/system'), { recursive: true });
    writeFileSync(machine.path('etc/systemd/system/display-manager.service'), '');
    await machine.run('post');
    expect(events.phases().slice(2)).toEqual(['agent-installed']);
    expect(machine.read('root/infiniservice-install.log')).not.toContain('warning:');
  });
});

describe("RHEL's subscription", () => {
  const rhsm = { organization: "it's 7", activationKeys: ['servers', 'web 2'] };
  const rhel = (more: object = {}): MediaRequest =>
    mediaRequest({ os: { family: 'rhel', version: '9' }, source: 'installer', rhsm, ...more });

  it('is a line that %pre writes from the medium, for ks.cfg to include', async () => {
    const machine = lab.machine(rhel({ proxy: 'http://proxy.example:3128' }), [vda], {
      install: { ...lab.install, rhsm },
    });
    expect(await machine.run('pre')).toEqual({ code: 0, output: '' });
    expect(machine.read('run/infinibay/rhsm.ks')).toBe(
      `rhsm --organization='it'\\''s 7' --activation-key='servers' --activation-key='web 2' --proxy='http://proxy.example:3128'\n`,
    );
    expect(statSync(machine.path('run/infinibay/rhsm.ks')).mode & 0o777).toBe(0o600);
  });
});
