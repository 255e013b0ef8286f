import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, describe, expect, it } from '@jest/globals';
import { parse, stringify } from 'yaml';
import { command } from '../../../../test/support/processes/commands.js';
import {
  fullRequest,
  KICKSTART_RELEASES,
  leastRequest,
  SEED_INSTALL,
} from '../../../../test/support/media/seeds.js';
import { agentFiles } from './agent-files.js';
import { cloudSeed } from './cloud-config.js';
import { DNF } from './distribution.js';

const folder = mkdtempSync(join(tmpdir(), 'infinibay-cloud-image-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const save = (name: string, text: string): string => {
  mkdirSync(dirname(join(folder, name)), { recursive: true });
  writeFileSync(join(folder, name), text, { mode: 0o600 });
  return join(folder, name);
};
/** Two of a kind differ in their version only. */
const CLOUD = { instanceId: 'm', distribution: DNF };
const RELEASES = KICKSTART_RELEASES.filter(({ version }) => ['41', '43', '8', '10'].includes(version));
const file = (release: (typeof RELEASES)[number], name: string): string =>
  cloudSeed(fullRequest(release, 'cloud-image'), SEED_INSTALL, CLOUD).find((one) => one.name === name)
    ?.content ?? '';

describe('the seed of a cloud image of the Fedora family', () => {
  it("is valid to cloud-init's schema, which can refuse", () => {
    for (const release of RELEASES) {
      const least = cloudSeed(leastRequest(release, 'cloud-image'), SEED_INSTALL, CLOUD)[0]?.content ?? '';
      for (const text of [file(release, 'user-data'), least])
        expect(command('cloud-init', ['schema', '--config-file', save('user-data', text)])).toMatch(/Valid/i);
    }
    const wrong = file(RELEASES[0] as (typeof RELEASES)[number], 'user-data').replace(
      'bootcmd:',
      'bootcmds:',
    );
    const yum = wrong.replace('write_files:', 'write_files: 7\nwrite:');
    expect(spawnSync('cloud-init', ['schema', '--config-file', save('wrong', yum)]).status).not.toBe(0);
  }, 120_000);

  it('puts users, keys, packages and sources in the words of that family', () => {
    for (const release of RELEASES) {
      const config = parse(file(release, 'user-data')) as Record<string, unknown>;
      expect(config['users']).toEqual([
        expect.objectContaining({ name: 'ada', groups: ['wheel'], sudo: 'ALL=(ALL:ALL) ALL' }),
        expect.not.objectContaining({ groups: expect.anything() as unknown }),
        expect.objectContaining({ name: 'ops', groups: ['wheel'], sudo: 'ALL=(ALL) NOPASSWD:ALL' }),
      ]);
      expect(config['packages']).toEqual(['glibc-langpack-de', 'nginx', 'curl']);
      expect(config).not.toHaveProperty('apt');
      expect(JSON.stringify(config)).not.toContain('sudo"]');
    }
  });

  it('has its proxy written once, as the words of the command stand', () => {
    const { bootcmd } = parse(file(RELEASES[0] as (typeof RELEASES)[number], 'user-data')) as {
      bootcmd: string[][];
    };
    const [[program, frequency, name, shell, option, text] = []] = bootcmd;
    expect([program, frequency, name, shell, option]).toEqual([
      'cloud-init-per',
      'instance',
      'infinibay-proxy',
      'sh',
      '-c',
    ]);
    const conf = save('dnf.conf', '[main]\n');
    command('sh', ['-c', text?.replace('/etc/dnf/dnf.conf', conf) ?? '']);
    expect(readFileSync(conf, 'utf8')).toBe('[main]\nproxy=http://proxy.example:3128\n');
  });

  it('has a network that netplan takes', () => {
    const network: unknown = parse(file(RELEASES[0] as (typeof RELEASES)[number], 'network-config'));
    save('netplan/etc/netplan/50.yaml', stringify({ network }));
    command('netplan', ['generate', '--root-dir', join(folder, 'netplan')]);
  });

  it.each(['network-manager', 'sysconfig'])(
    "is an address, a gateway and name servers to cloud-init's %s renderer",
    (renderer) => {
      const target = join(folder, renderer);
      const source = save('network.yaml', file(RELEASES[0] as (typeof RELEASES)[number], 'network-config'));
      command('cloud-init', [
        'devel',
        'net-convert',
        '-p',
        source,
        '-k',
        'yaml',
        '-d',
        target,
        '-D',
        'fedora',
        '-O',
        renderer,
      ]);
      const read = (name: string): string => readFileSync(join(target, name), 'utf8');
      if (renderer === 'network-manager') {
        const nic0 = read('etc/NetworkManager/system-connections/cloud-init-nic0.nmconnection');
        for (const line of [
          'mac-address=52:54:00:12:34:56',
          'address1=192.0.2.10/24',
          'address1=2001:db8::10/64',
          'dns=192.0.2.53;',
        ])
          expect(nic0).toContain(`\n${line}\n`);
        expect(nic0).toMatch(/^(gateway=192\.0\.2\.1|route1=0\.0\.0\.0\/0,192\.0\.2\.1)$/m);
        const ens5 = read('etc/NetworkManager/system-connections/cloud-init-ens5.nmconnection');
        expect(ens5).toMatch(/^(gateway=2001:db8:1::1|route1=::\/0,2001:db8:1::1)$/m);
        expect(read('etc/NetworkManager/system-connections/cloud-init-ens4.nmconnection')).toMatch(
          /interface-name=ens4\n[^]*\[ipv4\]\nmethod=auto/,
        );
      } else {
        const nic0 = read('etc/sysconfig/network-scripts/ifcfg-nic0');
        for (const line of [
          'HWADDR=52:54:00:12:34:56',
          'IPADDR=192.0.2.10',
          'GATEWAY=192.0.2.1',
          'IPV6ADDR=2001:db8::10/64',
        ])
          expect(nic0).toContain(`\n${line}\n`);
        expect(read('etc/sysconfig/network-scripts/ifcfg-ens5')).toContain('IPV6_DEFAULTGW=2001:db8:1::1\n');
        // The interface is renamed to what the file says.
        expect(read('etc/udev/rules.d/70-persistent-net.rules')).toContain('NAME="nic0"');
      }
    },
  );

  it('puts scripts and units on the machine that shellcheck and systemd take', () => {
    const { places } = DNF;
    for (const { path, content } of agentFiles(SEED_INSTALL, places)) {
      const saved = save(`machine${path}`, content);
      if (path === places.script) command('shellcheck', [saved]);
      if (!path.endsWith('.service')) continue;
      writeFileSync(saved, content.replaceAll(places.script, '/bin/true'));
      const { stderr } = spawnSync('systemd-analyze', ['verify', '--man=no', saved], { encoding: 'utf8' });
      expect(stderr).not.toContain('infiniservice-install.service:');
    }
  });
});
