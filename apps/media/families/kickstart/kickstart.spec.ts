import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { kickstartRelease, type MediaRequest, networkCards } from '#protocol';
import { mediaRequest } from '../../../../test/support/media/media.js';
import {
  CANARY_SECRET,
  CANARY_TOKEN,
  expectGolden,
  fullRequest,
  KICKSTART_RELEASES,
  leastRequest,
  SEED_INSTALL,
} from '../../../../test/support/media/seeds.js';
import { cloudSeed } from '../linux/cloud-config.js';
import { DNF } from '../linux/distribution.js';
import { kickstartFaults } from './faults.js';
import { kickstartSeed } from './kickstart.js';
import { volumeGroup } from './pre.js';

const golden = (name: string): string => join(import.meta.dirname, 'golden', name);
const kickstart = (request: MediaRequest): string => kickstartSeed(request, SEED_INSTALL)[0]?.content ?? '';
const lines = (request: MediaRequest): string[] => kickstart(request).split('\n');

describe('the kickstart is the one that was read and approved', () => {
  it.each(KICKSTART_RELEASES)('$family $version with everything, $firmware and $layout', (release) => {
    const { family, version, firmware, layout } = release;
    expectGolden(
      golden(`kickstart-${family}-${version}-${firmware}-${layout}-full.cfg`),
      kickstart(fullRequest(release)),
    );
  });
  it.each(KICKSTART_RELEASES)('$family $version with nothing but a name', (release) => {
    expectGolden(
      golden(`kickstart-${release.family}-${release.version}-least.cfg`),
      kickstart(leastRequest(release)),
    );
  });
  it.each(KICKSTART_RELEASES.filter(({ version }) => ['43', '8', '9'].includes(version)))(
    'and so is the cloud image seed of $family $version',
    (release) => {
      const seed = cloudSeed(fullRequest(release, 'cloud-image'), SEED_INSTALL, {
        instanceId: 'medium-1',
        distribution: DNF,
      });
      expectGolden(
        join(
          import.meta.dirname,
          '../linux/golden',
          `cloud-image-${release.family}-${release.version}-full.txt`,
        ),
        seed.map(({ name, content }) => `=== ${name}\n${content}`).join('\n'),
      );
    },
  );
});

describe('a kickstart', () => {
  const rocky = { family: 'rocky', version: '9' } as const;
  const request = (more: object): MediaRequest => mediaRequest({ os: rocky, source: 'installer', ...more });

  it('has no secret, and says nowhere where the agent comes from', () => {
    const { distributionUrl, reporting, pins } = SEED_INSTALL;
    const rhsm = { organization: 'canary organization', activationKeys: ['canary-key'] };
    const words = [CANARY_SECRET, CANARY_TOKEN, distributionUrl, reporting?.url ?? '?', pins.binarySha256];
    for (const release of KICKSTART_RELEASES) {
      const text = kickstartSeed(fullRequest(release), { ...SEED_INSTALL, rhsm })[0]?.content ?? '';
      for (const word of [...words, rhsm.organization, 'canary-key'])
        for (const shift of ['', 'x', 'xx']) {
          const encoded = Buffer.from(shift + word).toString('base64');
          expect(text).not.toContain(word);
          expect(text).not.toContain(encoded.slice(4, Math.floor((encoded.length - 4) / 4) * 4));
        }
    }
  });

  it('has no plain password and no way in for root', () => {
    const text = kickstart(request({ users: [{ name: 'ada' }] }));
    expect(text).toContain('\nrootpw --lock\n');
    expect(text).not.toMatch(/--plaintext|^rootpw --iscrypted/m);
  });

  it('never ends the installation for the agent', () => {
    const sections = lines(request({})).filter((line) => line.startsWith('%post'));
    expect(sections).toEqual([
      '%post --nochroot --interpreter=/bin/sh',
      '%post --interpreter=/bin/sh --log=/root/infiniservice-install.log',
      '%post --nochroot --interpreter=/bin/sh',
    ]);
  });

  const sources = (of: MediaRequest, isBootIso = false): string[] =>
    (kickstartSeed(of, SEED_INSTALL, { isBootIso })[0]?.content ?? '')
      .split('\n')
      .filter((line) => /^(cdrom|url|repo|harddrive)( |$)/.test(line));

  it('takes packages from the mirror, or from where Anaconda finds them', () => {
    expect(sources(request({}))).toEqual([]);
    const mirror = 'http://m/rocky/9/BaseOS/x86_64/os';
    for (const isBootIso of [false, true])
      expect(sources(request({ mirror, proxy: 'http://p:3128' }), isBootIso)).toEqual([
        `url --url='${mirror}' --proxy='http://p:3128'`,
        `repo --name=AppStream --baseurl='http://m/rocky/9/AppStream/x86_64/os' --proxy='http://p:3128'`,
      ]);
  });

  it("of a boot ISO takes them from the vendor's list of mirrors where Anaconda knows none", () => {
    const os = (family: string, version: string): MediaRequest =>
      request({ os: { family, version, architecture: 'aarch64' }, proxy: 'http://p' });
    for (const version of ['8', '9.4']) {
      const major = version.slice(0, 1);
      const list = `https://mirrors.rockylinux.org/mirrorlist?arch=aarch64&repo`;
      expect(sources(os('rocky', version), true)).toEqual([
        `url --mirrorlist='${list}=BaseOS-${major}' --proxy='http://p'`,
        `repo --name=AppStream --mirrorlist='${list}=AppStream-${major}' --proxy='http://p'`,
      ]);
      expect(sources(os('alma', version), true)).toEqual([
        `url --mirrorlist='https://mirrors.almalinux.org/mirrorlist/${major}/baseos' --proxy='http://p'`,
        `repo --name=AppStream --mirrorlist='https://mirrors.almalinux.org/mirrorlist/${major}/appstream' --proxy='http://p'`,
      ]);
    }
    for (const one of [os('rocky', '10'), os('alma', '10'), os('fedora', '43'), os('rhel', '9')])
      expect(sources(one, true)).toEqual([]);
  });

  it('names each card by its MAC, also the one that the request says nothing of, and none without cards', () => {
    const networks = (more: object): string[] =>
      lines(request({ vmId: SEED_INSTALL.vmId, ...more })).filter((line) => line.startsWith('network '));
    const mac = networkCards({ vmId: SEED_INSTALL.vmId, network: [] })[0]?.mac;
    const name = "network --hostname='web-1'";
    expect(networks({})).toEqual([
      `network --device='${mac}' --bindto=mac --activate --onboot=yes --bootproto=dhcp`,
      name,
    ]);
    expect(networks({ network: [{ match: { mac: '52:54:00:12:34:56' } }] })[0]).toContain(
      "--device='52:54:00:12:34:56' --bindto=mac ",
    );
    expect(networks({ network: [{ match: { name: 'ens4' } }] })[0]).not.toContain('--bindto');
    expect(networks({ network: [{ match: { name: 'ens4' }, addresses: ['2001:db8::1/64'] }] })[0]).toMatch(
      /--noipv4 --ipv6=2001:db8::1\/64$/,
    );
    expect(networks({ network: 'none' })).toEqual([name]);
  });

  it('starts a desktop that is asked for, and takes its environment for the only one', () => {
    const desktop = lines(request({ packages: ['@^workstation-product-environment', '@core'] }));
    expect(desktop).toContain('xconfig --startxonboot');
    expect(desktop).not.toContain('skipx');
    expect(desktop.filter((line) => line.startsWith('@'))).toEqual([
      '@^workstation-product-environment',
      '@core',
    ]);
    const server = lines(request({ packages: ['@development', 'nginx'] }));
    expect(server).toContain('skipx');
    expect(server.filter((line) => line.startsWith('@'))).toEqual(['@^minimal-environment', '@development']);
  });

  it('enables services where a missing one ends nothing', () => {
    expect(lines(request({})).filter((line) => line.startsWith('services'))).toEqual([]);
  });

  it('includes a subscription where there is one', () => {
    const including = '%include /run/infinibay/rhsm.ks';
    const rhsm = { organization: '7', activationKeys: ['k'] };
    expect(kickstart(request({}))).not.toContain(including);
    expect(kickstartSeed(request({}), { ...SEED_INSTALL, rhsm })[0]?.content).toContain(including);
  });

  it("gives a machine's volume group a name of its own, and /boot what the release's kernels take", () => {
    const group = (hostname: string, vmId = SEED_INSTALL.vmId): string => volumeGroup({ hostname, vmId });
    expect(group('web-1.example.com')).toBe('vg_web_1_7c0d6f0e');
    expect(group('web-1', 'aaaaaaaa-3f5e-4d0c-9d55-1b2f3a4b5c6d')).not.toBe(group('web-1'));
    expect(group('x'.repeat(63))).toMatch(/^[a-z0-9_]{1,55}$/);
    const lvm = kickstart(request({ hostname: 'web-1', vmId: SEED_INSTALL.vmId, disk: { layout: 'lvm' } }));
    expect(lvm).toContain('\nvolgroup vg_web_1_7c0d6f0e pv.01\nlogvol / --vgname=vg_web_1_7c0d6f0e ');
    const boot = ({ family, version }: { family: string; version: string }): string | undefined =>
      /part \/boot --fstype=xfs --size=(\d+)/.exec(kickstart(request({ os: { family, version } })))?.[1];
    expect(
      KICKSTART_RELEASES.filter((release) => boot(release) === '2048').map(({ version }) => version),
    ).toEqual(['43', '44', '10', '10', '10']);
  });

  it('asks for a smallest system that the release has', () => {
    expect(lines(request({}))).toContain('@^minimal-environment');
    expect(lines(request({ os: { family: 'fedora', version: '43' } }))).toContain('@core');
  });

  it('lets a user without a password do everything without one, and others by wheel', () => {
    const text = kickstart(
      request({
        users: [
          { name: 'ops' },
          { name: 'ada', passwordHash: '$6$saltsalt$abcdefghabcdefghabcdefghabcdefghabcdefghabcdefgh' },
          { name: 'ci', admin: false },
        ],
      }),
    );
    expect(text).toContain("user --name='ops' --groups=wheel\n");
    expect(text).toContain("user --name='ci'\n");
    expect(text).toContain('\nops ALL=(ALL) NOPASSWD: ALL\nEND');
    expect(text).not.toMatch(/^(ada|ci) ALL/m);
  });

  it.each([
    ['192.0.2.10/24', '255.255.255.0'],
    ['192.0.2.10/0', '0.0.0.0'],
    ['192.0.2.10/32', '255.255.255.255'],
    ['192.0.2.10/17', '255.255.128.0'],
    ['192.0.2.10/9', '255.128.0.0'],
  ])('writes %s with netmask %s', (address, netmask) => {
    const network = [{ match: { name: 'ens3' }, addresses: [address] }];
    expect(kickstart(request({ network }))).toContain(
      `network --device='ens3' --activate --onboot=yes --bootproto=static --ip=192.0.2.10 --netmask=${netmask}\n`,
    );
  });

  it('knows releases by their major version, and no others', () => {
    const os = (family: string, version: string): MediaRequest['os'] =>
      mediaRequest({ os: { family, version }, source: 'installer' }).os;
    expect(kickstartRelease(os('rocky', '9.4'))?.syntax).toBe('RHEL9');
    expect(kickstartRelease(os('rhel', '10'))?.syntax).toBe('RHEL10');
    for (const [family, version] of [
      ...[
        ['rocky', '7'],
        ['rocky', '99'],
        ['alma', 'constructor'],
        ['fedora', '40'],
        ['fedora', '43.1'],
      ],
      ...[
        ['fedora', 'toString'],
        ['ubuntu', '8'],
        ['windows', '10'],
      ],
    ] as [string, string][])
      expect(kickstartRelease(os(family, version))).toBeNull();
  });
});

describe('what a kickstart cannot carry is refused, all of it at once:', () => {
  /** The fields' own rules refuse such texts before; a seed is made of none of them either way. */
  const request = (more: object, texts: Partial<MediaRequest> = {}): MediaRequest => ({
    ...mediaRequest({ os: { family: 'alma', version: '9' }, source: 'installer', ...more }),
    ...texts,
  });
  const faults = (more: object, texts?: Partial<MediaRequest>): string[] =>
    kickstartFaults(request(more, texts)).map(({ path }) => path);
  const ens3 = { match: { name: 'ens3' } };

  it('nothing in a request that is right', () => {
    for (const release of KICKSTART_RELEASES)
      for (const source of ['installer', 'cloud-image'] as const) {
        expect(kickstartFaults(fullRequest(release, source))).toEqual([]);
        expect(kickstartFaults(leastRequest(release, source))).toEqual([]);
      }
  });
  it.each<[string, object, Partial<MediaRequest>?]>([
    ['os.version', { os: { family: 'fedora', version: '39' } }],
    ['mirror', {}, { mirror: 'http://m/a b' }],
    ['proxy', {}, { proxy: 'http://p/\nproxy=x' }],
    ['network.0.match.name', { network: [{ match: { name: 'en*' } }] }],
    ['network.0.addresses', { network: [{ ...ens3, addresses: ['192.0.2.1/24', '192.0.2.2/24'] }] }],
    ['network.0.addresses', { network: [{ ...ens3, addresses: ['2001:db8::1/64', '2001:db8::2/64'] }] }],
    ['network.0.dhcp', { network: [{ ...ens3, dhcp: true, addresses: ['192.0.2.1/24'] }] }],
    ['network.0.gateway', { network: [{ ...ens3, addresses: ['192.0.2.1/24'], gateway: '2001:db8::1' }] }],
    [
      'users.0.sshKeys.0',
      {},
      {
        users: [
          { name: 'a', admin: true, sshKeys: ['ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIE1n6fTlQ2 a\u2028%end'] },
        ],
      },
    ],
  ])('%s', (...[path, more, texts]) => {
    expect(faults(more, texts)).toEqual([path]);
    expect(() => kickstartSeed(request(more, texts), SEED_INSTALL)).toThrow(path);
  });
  it('several', () => {
    expect(
      faults({ network: [{ match: { name: '*' } }] }, { mirror: 'http://m/\u00e4', proxy: 'http://p/ ' }),
    ).toEqual(['mirror', 'proxy', 'network.0.match.name']);
  });
});
