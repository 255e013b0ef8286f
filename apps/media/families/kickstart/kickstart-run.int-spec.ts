import { mkdirSync, statSync, writeFileSync } from 'node:fs';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { MediaRequest } from '#protocol';
import { AnacondaLab, vda, vdb } from '../../../../test/support/installers/anaconda-lab.js';
import type { AnacondaMachine } from '../../../../test/support/installers/anaconda-machine.js';
import type { FakeDisk } from '../../../../test/support/installers/fake-disks.js';
import {
  INSTALLER_SYSTEMS,
  installerPrograms,
} from '../../../../test/support/installers/installer-programs.js';
import { mediaRequest } from '../../../../test/support/media/media.js';
import { CANARY_SECRET, CANARY_TOKEN } from '../../../../test/support/media/seeds.js';
import { installEnv } from '../linux/install-env.js';

const lab = new AnacondaLab();
const { events } = lab;
beforeAll(() => lab.start());
beforeEach(() => lab.reset());
afterAll(() => lab.stop());

const rocky = (more: object = {}): MediaRequest =>
  mediaRequest({ os: { family: 'rocky', version: '9' }, source: 'installer', ...more });

const POWER_OFF = 'systemctl --force --force poweroff';

/** What every refusal looks like from outside. */
function expectRefusal(machine: AnacondaMachine, { code }: { code: number | null }, why: RegExp): void {
  expect(code).toBe(1);
  for (const shown of [machine.console(), machine.serial()]) {
    expect(shown).toMatch(why);
    expect(shown).toMatch(/the installation failed: the machine powers off\n$/);
  }
  expect(machine.calls('systemctl').filter((line) => !line.includes(' enable '))).toEqual([POWER_OFF]);
  expect(machine.has('run/infinibay/disk.ks')).toBe(false);
}

describe.each(INSTALLER_SYSTEMS)("with the programs of %s's installer", (system) => {
  it('has no more of them than that', async () => {
    const machine = lab.machine(rocky(), [vda], { system });
    expect(installerPrograms(system)).not.toContain('base64');
    for (const name of ['base64', 'timeout', 'install', 'getent', 'ls', 'stat', 'sync', 'poweroff', 'diff'])
      expect(await machine.runScript(`${name} </dev/null`, 'installer')).toMatchObject({ code: 127 });
    expect(await machine.runScript('[ x = x ] && printf %s "$(echo text)"', 'installer')).toEqual({
      code: 0,
      output: 'text',
    });
  });

  it('every section does its work, and the medium may try again until it has ended well', async () => {
    const machine = lab.machine(rocky(), [vda], { system });
    const disk = machine.path('disks/dev/vda');
    const marked = async (): Promise<string> =>
      (await machine.runScript(`sfdisk --part-label ${disk} 1`, 'system')).output.trim();
    expect(await machine.run('pre')).toEqual({ code: 0, output: '' });
    expect(machine.read('run/infinibay/disk.ks')).toContain('ignoredisk --only-use=vda\n');
    // Anaconda makes the partitions.
    await machine.runScript(`echo 'label: gpt\n,' | sfdisk -q ${disk}`, 'system');
    expect(await machine.run('preInstall')).toEqual({ code: 0, output: '' });
    expect(await marked()).toBe(`INFI-${lab.install.mediumId.slice(0, 8)}`);

    // It breaks off here, and is started again.
    expect(await machine.run('pre')).toEqual({ code: 0, output: '' });
    expect(await machine.run('preInstall')).toEqual({ code: 0, output: '' });
    for (const section of ['handOver', 'post', 'finish'] as const)
      expect(await machine.run(section)).toEqual({ code: 0, output: '' });
    expect(await marked()).toBe('');
    expect(machine.calls('systemctl')).not.toContain(POWER_OFF);

    expectRefusal(machine, await machine.run('pre'), /vda holds .*disk.wipe is false/);
  });

  it('%onerror shows and reports the end, and powers off', async () => {
    const machine = lab.machine(rocky(), [vda], { system });
    await machine.run('pre');
    writeFileSync(machine.path('tmp/anaconda.log'), 'a "hostile"\nline\u0001\n');
    expect((await machine.run('onError')).code).toBe(0);
    expect(machine.console()).toMatch(/stopped with an error.*\na "hostile"\nline/);
    expect(machine.serial()).toBe(machine.console());
    expect(machine.calls('systemctl')).toEqual([POWER_OFF]);
    expect(events.bodies().pop()).toEqual({
      phase: 'failed',
      reason: 'the installer stopped with an error',
      logTail: 'a "hostile"\nline\u0001\n',
    });
  });
});

describe('%pre', () => {
  it('writes the partitioning of the disk that the rule means, and says how far it is', async () => {
    const machine = lab.machine(rocky({ disk: { match: { serial: 'DISK-2' }, layout: 'lvm' } }), [vda, vdb]);
    expect(await machine.run('pre')).toEqual({ code: 0, output: '' });
    const lines = machine.read('run/infinibay/disk.ks').trim().split('\n');
    expect(lines).toContain('ignoredisk --only-use=vdb');
    expect(lines).toContain('clearpart --all --initlabel --disklabel=gpt --drives=vdb');
    expect(lines.filter((line) => /vda|\$/.test(line))).toEqual([]);
    expect(events.phases()).toEqual(['installer-started', 'partitioning']);
    expect(events.reports[0]?.authorization).toBe(`Bearer ${CANARY_TOKEN}`);
  });

  it('takes the secrets from the medium into one file, and lets the medium go', async () => {
    const machine = lab.machine(rocky(), [vda]);
    await machine.run('pre');
    for (const secret of [CANARY_SECRET, CANARY_TOKEN])
      expect(machine.holding(secret)).toEqual(['run/infinibay/install.env']);
    expect(statSync(machine.path('run/infinibay/install.env')).mode & 0o777).toBe(0o600);
    expect(machine.calls('mount')).toEqual([
      `mount -o ro,nosuid,nodev,noexec ${machine.path('disks/dev/disk/by-label/OEMDRV')} ${machine.path('run/infinibay/medium')}`,
    ]);
    expect(machine.calls('umount')).toHaveLength(1);
    expect(machine.has('run/infinibay/medium/ks.cfg')).toBe(false);
  });

  it.each([
    ['LABEL=Rocky-9\\x204', 'disk/by-label/Rocky-9\\x204'],
    ['UUID=2026-01-02-03-04-05-00', 'disk/by-uuid/2026-01-02-03-04-05-00'],
    ['/dev/sr1', 'sr1'],
  ])('takes them from the device that the kernel was told: %s', async (named, device) => {
    const machine = lab.machine(rocky(), [vda]);
    machine.insert('disk/by-label/OEMDRV', null);
    machine.insert(device, [installEnv(lab.install)]);
    writeFileSync(machine.path('proc/cmdline'), `quiet inst.ks=hd:${named}:/ks.cfg *\n`);
    expect(await machine.run('pre')).toEqual({ code: 0, output: '' });
  });

  it('waits for a medium that comes late', async () => {
    const machine = lab.machine(rocky(), [vda]);
    const [device, away] = ['OEMDRV', 'away'].map((name) => machine.path(`disks/dev/disk/by-label/${name}`));
    await machine.runScript(`mv ${device} ${away}`, 'system');
    machine.answer('sleep', `case $(wc -l <${machine.path('calls')}) in (3) mv ${away} ${device} ;; esac`);
    expect(await machine.run('pre')).toEqual({ code: 0, output: '' });
    expect(machine.calls('sleep')).toEqual(['sleep 1', 'sleep 1', 'sleep 1']);
  });

  it('stops when there is no medium, after half a minute', async () => {
    const machine = lab.machine(rocky({ disk: { wipe: true } }), [vda]);
    machine.insert('disk/by-label/OEMDRV', null);
    machine.answer('sleep', '');
    expectRefusal(machine, await machine.run('pre'), /by-label\/OEMDRV is not there after 30 seconds/);
    expect(machine.calls('sleep')).toHaveLength(30);
  });

  it.each<[string, FakeDisk[], RegExp]>([
    ['two disks and no rule', [vda, vdb], /more than one disk fits .* vda .*DISK-1.* vdb .*DISK-2/],
    ['no disk', [], /no disk fits .*no disks seen/],
    ['a disk that holds data', [{ ...vda, holds: 'ext4' }], /vda holds .*disk.wipe is false/],
  ])('stops before anything is written for %s, and reports why, once', async (_name, disks, why) => {
    const machine = lab.machine(rocky(), disks);
    // What an earlier run chose does not count.
    mkdirSync(machine.path('run/infinibay'));
    writeFileSync(machine.path('run/infinibay/disk.ks'), 'ignoredisk --only-use=vdz\n');
    const ended = await machine.run('pre');
    expectRefusal(machine, ended, why);
    expect(ended.output).toMatch(why);
    expect(events.phases()).toEqual(['installer-started', 'failed']);
    expect(events.bodies()[1]?.['reason']).toMatch(why);
    // Should Anaconda run %onerror next.
    await machine.run('onError');
    expect(events.reports).toHaveLength(2);
  });

  const settings = (): string => installEnv(lab.install).content;
  it.each<[string, () => string | null, RegExp]>([
    ['no settings', () => null, /has no infinibay\/install\.env/],
    ['empty settings', () => '', /has no infinibay\/install\.env/],
    ['settings that are no shell', () => "INFINIBAY_URL='http\n", /cannot be read/],
    [
      'settings without the secret',
      () => settings().replace(/^INFINISERVICE_SHARED_SECRET=.*\n/m, ''),
      /incomplete: INFINISERVICE_SHARED_SECRET is missing/,
    ],
    [
      'an empty URL',
      () => settings().replace(/^(INFINIBAY_URL)=.*$/m, '$1='),
      /incomplete: INFINIBAY_URL is missing/,
    ],
    [
      "another medium's settings",
      () => settings().replace(/^(INFINIBAY_MEDIUM_ID)=.*$/m, "$1='other'"),
      /is medium other, and this kickstart is of medium/,
    ],
  ])('says so and stops before the disk is touched with %s', async (_name, content, why) => {
    const machine = lab.machine(rocky({ disk: { wipe: true } }), [vda]);
    const text = content();
    machine.insert('disk/by-label/OEMDRV', [
      { name: 'ks.cfg', content: '' },
      ...(text === null ? [] : [{ name: 'infinibay/install.env', content: text }]),
    ]);
    expectRefusal(machine, await machine.run('pre'), why);
    expect(events.reports).toEqual([]);
  });

  it('does its work when nothing is to be reported, and then makes no connection', async () => {
    const install = { ...lab.install, reporting: null, channelSecret: null };
    const machine = lab.machine(rocky(), [vda], { install });
    for (const section of ['pre', 'preInstall'] as const) expect((await machine.run(section)).code).toBe(0);
    expect(machine.has('run/infinibay/disk.ks')).toBe(true);
    expect(machine.calls('nmcli')).toEqual([]);
    expect(events.reports).toEqual([]);
  });
});

describe('the network of %pre', () => {
  it("is the request's, in memory only, and gone at its end", async () => {
    const network = [
      {
        match: { mac: '52:54:00:12:34:56' },
        addresses: ['192.0.2.10/24', '2001:db8::10/64'],
        gateway: '192.0.2.1',
        dns: ['192.0.2.53', '2001:db8::53'],
      },
      { match: { name: 'ens4' } },
      { match: { mac: '52:54:00:12:34:57' }, addresses: ['2001:db8:1::1/64'], gateway: '2001:db8:1::ff' },
    ];
    const machine = lab.machine(rocky({ network }), [vda]);
    expect(await machine.run('pre')).toEqual({ code: 0, output: '' });
    const add = (number: number): string =>
      `nmcli connection add save no type ethernet con-name infinibay-${number} autoconnect no`;
    const calls = machine.calls('nmcli');
    expect(calls.filter((line) => line.includes(' add '))).toEqual([
      `${add(0)} ifname * 802-3-ethernet.mac-address 52:54:00:12:34:56 ipv4.method manual ipv4.addresses 192.0.2.10/24 ipv4.gateway 192.0.2.1 ipv4.dns 192.0.2.53 ipv6.method manual ipv6.addresses 2001:db8::10/64 ipv6.dns 2001:db8::53`,
      `${add(1)} ifname ens4 ipv4.method auto ipv4.may-fail no ipv6.method auto`,
      `${add(2)} ifname * 802-3-ethernet.mac-address 52:54:00:12:34:57 ipv4.method disabled ipv6.method manual ipv6.addresses 2001:db8:1::1/64 ipv6.gateway 2001:db8:1::ff`,
    ]);
    expect(calls.filter((line) => line.includes(' up ')).toSorted()).toEqual(
      [0, 1, 2].map((number) => `nmcli --wait 20 connection up infinibay-${number}`),
    );
    expect(calls.slice(-3)).toEqual(
      [0, 1, 2].map((number) => `nmcli --wait 10 connection delete infinibay-${number}`),
    );
  });

  it("is DHCP on the machine's card when the request says nothing, and nothing when it has none", async () => {
    const vmId = '7c0d6f0e-3f5e-4d0c-9d55-1b2f3a4b5c6d';
    const machine = lab.machine(rocky({ vmId }), [vda]);
    await machine.run('pre');
    expect(machine.calls('nmcli')[0]).toMatch(
      /ifname \* 802-3-ethernet\.mac-address 02(:[0-9a-f]{2}){5} ipv4\.method auto /,
    );
    const alone = lab.machine(rocky({ network: 'none' }), [vda]);
    expect((await alone.run('pre')).code).toBe(0);
    expect(alone.calls('nmcli')).toEqual([]);
  });

  it('leaves a card alone that is connected', async () => {
    const network = [{ match: { mac: '52:54:00:12:34:56' } }, { match: { mac: '52:54:00:12:34:57' } }];
    const machine = lab.machine(rocky({ network }), [vda]);
    for (const [name, mac] of [
      ['ens3', '52:54:00:12:34:56'],
      ['ens4', '52:54:00:12:34:57'],
    ] as const) {
      mkdirSync(machine.path(`disks/sys/class/net/${name}`), { recursive: true });
      writeFileSync(machine.path(`disks/sys/class/net/${name}/address`), `${mac}\n`);
    }
    machine.answer('nmcli', 'case $* in (*GENERAL.STATE*ens3) echo "100 (connected)" ;; esac');
    await machine.run('pre');
    const changes = machine.calls('nmcli').filter((line) => !line.includes('GENERAL.STATE'));
    expect(changes).toHaveLength(3);
    expect(changes.filter((line) => line.includes('infinibay-0'))).toEqual([]);
  });

  it('may fail: what could not be sent then is sent by %pre-install, in its order', async () => {
    events.status = 503;
    const machine = lab.machine(rocky(), [vda]);
    machine.answer('nmcli', 'exit 4');
    expect((await machine.run('pre')).code).toBe(0);
    expect(machine.has('run/infinibay/disk.ks')).toBe(true);
    lab.reset();
    expect((await machine.run('preInstall')).code).toBe(0);
    expect(events.phases()).toEqual(['installer-started', 'partitioning', 'packages']);
    lab.reset();
    await machine.run('onError');
    expect(events.phases()).toEqual(['failed']);
  });
});
