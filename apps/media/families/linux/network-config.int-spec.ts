import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, describe, expect, it } from '@jest/globals';
import { parse, stringify } from 'yaml';
import type { MediaRequest } from '#protocol';
import { mediaRequest } from '../../../../test/support/media/media.js';
import { SEED_INSTALL } from '../../../../test/support/media/seeds.js';
import { command } from '../../../../test/support/processes/commands.js';
import { cloudSeed } from './cloud-config.js';
import { APT, DNF, type Distribution } from './distribution.js';

const folder = mkdtempSync(join(tmpdir(), 'infinibay-network-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const DUAL = {
  match: { mac: '52:54:00:12:34:56' },
  addresses: ['192.0.2.10/24', '2001:db8::10/64'],
  gateway: '192.0.2.1',
  dns: ['192.0.2.53', '2001:db8::53'],
};
const SIX = {
  match: { mac: '52:54:00:12:34:57' },
  addresses: ['2001:db8:1::10/64'],
  gateway: '2001:db8:1::1',
};
const NAMED = { match: { name: 'ens4' }, dhcp: true };

const request = (more: object = {}, os: object = { family: 'rocky', version: '9' }): MediaRequest =>
  mediaRequest({ os, source: 'cloud-image', network: [DUAL, SIX, NAMED], ...more });
const text = (asked: MediaRequest, distribution: Distribution = DNF): string =>
  cloudSeed(asked, SEED_INSTALL, { instanceId: 'm', distribution }).find(
    ({ name }) => name === 'network-config',
  )?.content ?? '';
type Entries = Record<string, Record<string, unknown>>;
const entries = (asked: MediaRequest, distribution: Distribution = DNF): Entries =>
  (parse(text(asked, distribution)) as { ethernets: Entries }).ethernets;

let runs = 0;
/** What cloud-init's renderer writes, by path below /etc. */
function converted(asked: MediaRequest, renderer: string): (path: string) => string {
  const target = join(folder, String((runs += 1)));
  mkdirSync(target);
  writeFileSync(join(target, 'config'), text(asked));
  const files = ['-p', join(target, 'config'), '-k', 'yaml', '-d', target];
  command('cloud-init', ['devel', 'net-convert', ...files, '-D', 'fedora', '-O', renderer]);
  return (path) =>
    existsSync(join(target, 'etc', path)) ? readFileSync(join(target, 'etc', path), 'utf8') : '';
}
const profile = (name: string): string => `NetworkManager/system-connections/cloud-init-${name}.nmconnection`;
const ifcfg = (name: string): string => `sysconfig/network-scripts/ifcfg-${name}`;

describe('the network of a cloud image', () => {
  it.each([
    [{}, { family: 'rocky', version: '9' }, false],
    [{}, { family: 'fedora', version: '43' }, false],
    [{}, { family: 'rhel', version: '9.3' }, false],
    [{}, { family: 'rhel', version: '9.2' }, true],
    [{}, { family: 'alma', version: '8.8' }, true],
    [{}, { family: 'rocky', version: '8.10' }, false],
    [{}, { family: 'rhel', version: '10.1' }, false],
    [{ cloudInit: '22.1' }, { family: 'rocky', version: '9' }, true],
    [{ cloudInit: '22.1.9' }, { family: 'rocky', version: '9.6' }, true],
    [{ cloudInit: '21.4' }, { family: 'rhel', version: '9' }, true],
    [{ cloudInit: '22.2' }, { family: 'rhel', version: '9.2' }, false],
    [{ cloudInit: '24.4' }, { family: 'rhel', version: '8.8' }, false],
  ])('renames a card where the image has 22.1 alone: %j %j', (image, os, renames) => {
    const { nic0, ens4 } = entries(request({ image }, os));
    expect(nic0?.['set-name']).toBe(renames ? 'nic0' : undefined);
    expect(nic0?.['gateway4']).toBe(renames ? '192.0.2.1' : undefined);
    expect(nic0?.['routes']).toEqual(renames ? undefined : [{ to: '0.0.0.0/0', via: '192.0.2.1' }]);
    expect(ens4).toEqual({ optional: true, dhcp4: true });
  });

  it('has the gateway of IPv6 in a key where a route would be lost, else in a route', () => {
    const six = (cloudInit?: string): unknown => {
      const { nic1 } = entries(request({ image: cloudInit ? { cloudInit } : {} }));
      return [nic1?.['gateway6'], nic1?.['routes']];
    };
    const route = [undefined, [{ to: '::/0', via: '2001:db8:1::1' }]];
    const key = ['2001:db8:1::1', undefined];
    expect([six('22.1'), six('22.4'), six('23.3'), six('23.4'), six('25.1'), six()]).toEqual([
      key,
      key,
      key,
      route,
      route,
      route,
    ]);
  });

  it('is optional from the second card on, asks DHCP only where it was told to, and never says default', () => {
    for (const distribution of [APT, DNF]) {
      const [first, ...others] = Object.values(entries(request(), distribution));
      expect(first).not.toHaveProperty('optional');
      for (const other of others) expect(other).toHaveProperty('optional', true);
      expect(Object.values(entries(request(), distribution)).map((one) => one['dhcp4'])).toEqual([
        undefined,
        undefined,
        true,
      ]);
      expect(text(request(), distribution)).not.toContain('default');
    }
  });

  it('is switched off where there is no card, as cloud-init itself reads it', () => {
    const none = text(request({ network: 'none' }));
    expect(text(request({ network: 'none' }), APT)).toBe(none);
    writeFileSync(join(folder, 'none'), none);
    const asks =
      'import sys, yaml; from cloudinit.net import is_disabled_cfg; print(is_disabled_cfg(yaml.safe_load(open(sys.argv[1]))))';
    expect(command('/usr/bin/python3', ['-c', asks, join(folder, 'none')])).toBe('True\n');
    writeFileSync(join(folder, 'some'), text(request()));
    expect(command('/usr/bin/python3', ['-c', asks, join(folder, 'some')])).toBe('False\n');
  });

  it('is what netplan takes, with default routes of both kinds', () => {
    const file = join(folder, 'netplan/etc/netplan/50.yaml');
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, stringify({ network: parse(text(request(), APT)) as unknown }), { mode: 0o600 });
    command('netplan', ['generate', '--root-dir', join(folder, 'netplan')]);
    const made = (name: string): string =>
      readFileSync(join(folder, `netplan/run/systemd/network/10-netplan-${name}.network`), 'utf8');
    expect(made('nic0')).toMatch(/\[Match\]\n(Permanent)?MACAddress=52:54:00:12:34:56\n/);
    expect(made('nic0')).toContain('Destination=0.0.0.0/0\nGateway=192.0.2.1\n');
    expect(made('nic0')).not.toMatch(/RequiredForOnline=no|DHCP=/);
    expect(made('nic1')).toContain('Destination=::/0\nGateway=2001:db8:1::1\n');
    expect(made('nic1')).toContain('RequiredForOnline=no\n');
    expect(made('nic1')).not.toContain('DHCP=');
    expect(made('nic2')).toMatch(/DHCP=ipv4\n/);
  });

  // The address of no card of this machine: cloud-init then writes the entry's key.
  it.each([['23.3'], ['22.1']])(
    'finds each card by its address in NetworkManager, from an image of %s',
    (cloudInit) => {
      const read = converted(request({ image: { cloudInit } }), 'network-manager');
      const nic0 = read(profile('nic0'));
      for (const line of [
        'mac-address=52:54:00:12:34:56',
        'address1=192.0.2.10/24',
        'address1=2001:db8::10/64',
        'dns=192.0.2.53;',
      ])
        expect(nic0).toContain(`\n${line}\n`);
      expect(nic0).toMatch(/^(gateway=192\.0\.2\.1|route1=0\.0\.0\.0\/0,192\.0\.2\.1)$/m);
      expect(nic0).not.toContain('interface-name=');
      expect(read(profile('nic1'))).toContain('\nmac-address=52:54:00:12:34:57\n');
      expect(read(profile('nic1'))).toMatch(/^gateway=2001:db8:1::1$/m);
      expect(read(profile('nic1'))).not.toMatch(/^method=auto$/m);
      expect(read(profile('ens4'))).toMatch(/interface-name=ens4\n[^]*\[ipv4\]\nmethod=auto/);
    },
  );

  it('asks NetworkManager for no DHCP of IPv4 where a card has addresses of IPv6 alone', () => {
    const asked = request();
    const read = converted(asked, 'network-manager');
    const { runcmd } = parse(
      cloudSeed(asked, SEED_INSTALL, { instanceId: 'm', distribution: DNF })[0]?.content ?? '',
    ) as { runcmd: string[][] };
    const [program, option, script = ''] = runcmd[0] ?? [];
    expect([program, option]).toEqual(['sh', '-c']);
    const target = join(folder, String(runs));
    writeFileSync(join(target, 'nmcli'), `#!/bin/sh\necho "$*" >>'${target}/calls'\n`, { mode: 0o755 });
    command('sh', ['-c', script.replaceAll('/etc/', `${target}/etc/`)], {
      env: { PATH: `${target}:${process.env['PATH']}` },
    });
    expect(read(profile('nic1'))).toMatch(/\n\[ipv4\]\nmethod=disabled\n$/);
    for (const name of ['nic0', 'ens4']) expect(read(profile(name))).not.toContain('method=disabled');
    const [, uuid] = /^uuid=(.*)$/m.exec(read(profile('nic1'))) ?? [];
    expect(readFileSync(join(target, 'calls'), 'utf8')).toBe(
      `connection reload\n--wait 20 connection up uuid ${uuid}\n`,
    );
    const dual = cloudSeed(request({ network: [DUAL] }), SEED_INSTALL, {
      instanceId: 'm',
      distribution: DNF,
    });
    expect(dual[0]?.content).not.toContain('nmcli');
  });

  it.each([['23.3'], ['22.1']])(
    'is one file for each card to sysconfig, from an image of %s',
    (cloudInit) => {
      const read = converted(request({ image: { cloudInit } }), 'sysconfig');
      for (const line of [
        'HWADDR=52:54:00:12:34:56',
        'IPADDR=192.0.2.10',
        'GATEWAY=192.0.2.1',
        'IPV6ADDR=2001:db8::10/64',
        'BOOTPROTO=none',
      ])
        expect(read(ifcfg('nic0'))).toContain(`\n${line}\n`);
      expect(read(ifcfg('nic1'))).toContain('\nHWADDR=52:54:00:12:34:57\n');
      expect(read(ifcfg('nic1'))).toContain('\nIPV6_DEFAULTGW=2001:db8:1::1\n');
      expect(read(ifcfg('nic1'))).toContain('\nBOOTPROTO=none\n');
      expect(read(ifcfg('ens4'))).toContain('\nBOOTPROTO=dhcp\n');
    },
  );
});
