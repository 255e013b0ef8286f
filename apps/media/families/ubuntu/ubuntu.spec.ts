import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { parse } from 'yaml';
import { MediaRequest, requestWarnings, versionsOf } from '#protocol';
import { FULL_REQUEST, mediaRequest } from '../../../../test/support/media/media.js';
import type { AgentInstall } from '../linux/agent-files.js';
import { expectGolden, SEED_INSTALL } from '../../../../test/support/media/seeds.js';
import { mediaPlan } from '../../plan/plan.js';
import { FAMILIES } from '../family.js';
import type { SeedFile } from '../seed-file.js';
import { REMASTERED_MEDIUM, SUBIQUITY } from './installer.js';

const INSTALL: AgentInstall = {
  vmId: FULL_REQUEST.vmId,
  mediumId: 'm',
  mediumProof: 'd'.repeat(64),
  source: 'installer' as const,
  rhsm: null,
  distributionUrl: 'http://suite.example:4000',
  pins: {
    ...{ binarySha256: 'b'.repeat(64), binaryBytes: 1_240_000 },
    ...{ scriptSha256: 'a'.repeat(64), scriptBytes: 1_100, version: '0.1.0' },
  },
  channelSecret: 'c'.repeat(64),
  reporting: null,
};
const PATHS = {
  seed: '/opt/infinibay/media/m/seed.iso',
  socket: `/opt/infinibay/sockets/${FULL_REQUEST.vmId}.socket`,
  socketMode: 'connect' as const,
};

const ubuntuSeed = (request: MediaRequest, install: AgentInstall, mediaId: string): SeedFile[] =>
  FAMILIES.ubuntu.seed(request, install, { mediaId, passwords: new Map() });
const rendered = (request: MediaRequest): string =>
  ubuntuSeed(request, INSTALL, 'medium-1')
    .map(({ name, content }) => `=== ${name}\n${content}`)
    .join('\n');
const file = (request: MediaRequest, name: string): string =>
  ubuntuSeed(request, INSTALL, 'medium-1').find((candidate) => candidate.name === name)?.content ?? '';

const golden = (name: string): string => join(import.meta.dirname, 'golden', name);

describe('the seed of an Ubuntu machine is the one that was read and approved', () => {
  for (const version of ['22.04', '24.04'])
    for (const source of ['cloud-image', 'installer'] as const) {
      const os = { family: 'ubuntu', version };
      it(`${version} ${source} with everything`, () => {
        const request = mediaRequest({ ...FULL_REQUEST, os, source });
        expectGolden(golden(`${version}-${source}-full.txt`), rendered(request));
      });
      it(`${version} ${source} with nothing but a name`, () => {
        const request = mediaRequest({ vmId: FULL_REQUEST.vmId, os, source });
        expectGolden(golden(`${version}-${source}-least.txt`), rendered(request));
      });
    }

  it('24.04 installer on a disk by its size, with LVM, which reports', () => {
    const request = mediaRequest({
      ...FULL_REQUEST,
      source: 'installer',
      disk: { match: { minBytes: 20_000_000_000, maxBytes: 40_000_000_000 }, layout: 'lvm', wipe: true },
    });
    const text = ubuntuSeed(request, SEED_INSTALL, 'medium-1')[0]?.content ?? '';
    expectGolden(golden('24.04-installer-lvm-reporting.txt'), text);
  });

  it.each(['cloud-image', 'installer'] as const)('and so is its plan for %s', (source) => {
    const request = mediaRequest({ ...FULL_REQUEST, source, vendorIso: '/iso/ubuntu,24.04.iso' });
    expectGolden(
      join(import.meta.dirname, '../../plan/golden', `plan-${source}.json`),
      `${JSON.stringify(mediaPlan(request, PATHS), null, 2)}\n`,
    );
  });
});

describe('the seed', () => {
  it('is the same for the same request, and says another instance for another medium', () => {
    const request = mediaRequest(FULL_REQUEST);
    expect(rendered(request)).toBe(rendered(request));
    expect(ubuntuSeed(request, INSTALL, 'medium-2')[1]?.content).not.toBe(
      ubuntuSeed(request, INSTALL, 'medium-1')[1]?.content,
    );
  });

  it('holds no plain password, whatever the request', () => {
    for (const version of versionsOf('ubuntu'))
      expect(rendered(mediaRequest({ os: { family: 'ubuntu', version } }))).not.toMatch(/plain_text_passwd/);
  });

  const autoinstall = (request: MediaRequest, install = INSTALL): Record<string, unknown> => {
    const [userData] = ubuntuSeed(request, install, 'm');
    return (parse(userData?.content ?? '') as { autoinstall: Record<string, unknown> }).autoinstall;
  };
  const installer = (more: object): MediaRequest => mediaRequest({ source: 'installer', ...more });

  it('names no disk before the rule has chosen one, in either layout', () => {
    const match = { path: '/dev/infinibay-disk' };
    expect(autoinstall(installer({}))['storage']).toEqual({ layout: { name: 'direct', match } });
    const lvm = installer({ disk: { match: { serial: 'DISK-1' }, layout: 'lvm' } });
    expect(autoinstall(lvm)['storage']).toEqual({ layout: { name: 'lvm', 'sizing-policy': 'all', match } });
  });

  it.each([
    [{ match: { serial: 'DISK-1' } }, `rule_serial='DISK-1'`, 'rule_wipe=no'],
    [{ match: { bus: 'nvme' }, wipe: true }, `rule_bus='nvme'`, 'rule_wipe=yes'],
    [{ match: { minBytes: 1, maxBytes: 9 } }, 'rule_min=1\nrule_max=9', 'rule_wipe=no'],
    [{}, `rule='the only disk that is there'`, 'rule_wipe=no'],
  ])('asserts %j before Subiquity looks at a disk', (disk, rule, wipe) => {
    const [command] = autoinstall(installer({ disk }))['early-commands'] as string[];
    expect(command).toContain(`${rule}\n`);
    expect(command).toContain(`${wipe}\n`);
  });

  it('reports only where it was asked to, and never by Subiquity itself', () => {
    const silent = autoinstall(installer({}));
    const loud = autoinstall(installer({}), SEED_INSTALL);
    for (const commands of ['early-commands', 'error-commands']) {
      expect(silent[commands]).toEqual([expect.not.stringContaining('try_report()')]);
      expect(loud[commands]).toEqual([expect.stringContaining('try_report()')]);
    }
    expect(loud).not.toHaveProperty('reporting');
  });

  it('ends a failed installation by itself, whether it reports or not', () => {
    for (const install of [INSTALL, SEED_INSTALL])
      expect(autoinstall(installer({}), install)['error-commands']).toEqual([
        expect.stringMatching(/casper-no-prompt[^]*systemctl poweroff/),
      ]);
  });

  it('starts with arguments that leave nobody to press a key, before those of the installed system', () => {
    for (const at of ['label', 'vendor-iso'] as const)
      expect(SUBIQUITY.arguments(null, at)).toMatch(/^autoinstall noprompt ds=nocloud\S* ---$/);
    expect(SUBIQUITY.arguments(null, 'vendor-iso')).toContain(`;s=${REMASTERED_MEDIUM}/ `);
  });

  it('needs nothing from a network where there is none', () => {
    const packages = ['nginx'];
    const alone = autoinstall(installer({ network: 'none', packages }));
    expect(alone).not.toHaveProperty('network');
    expect(alone).not.toHaveProperty('packages');
    expect(alone['apt']).toMatchObject({ fallback: 'offline-install' });
    expect(autoinstall(installer({ packages }))['packages']).toEqual(['curl', 'wget', 'nginx']);
    const told = requestWarnings(installer({ network: 'none', packages }));
    expect(told).toContainEqual(expect.objectContaining({ path: 'packages', severity: 'warning' }));
    for (const other of [
      { network: 'none' },
      { packages },
      { network: 'none', packages, source: 'cloud-image' },
    ])
      expect(requestWarnings(installer(other)).filter(({ path }) => path === 'packages')).toEqual([]);
  });

  it('has routes that every netplan takes', () => {
    const { network } = autoinstall(installer(FULL_REQUEST));
    expect(JSON.stringify(network)).toContain('"to":"0.0.0.0/0"');
    expect(JSON.stringify(network)).not.toContain('default');
  });
});

/** Text in which every language of a seed has something special. */
const hostile = fc.oneof(
  fc.constantFrom(
    `'"\`$(reboot)\${HOME}%d&<>]]>\\n;|#!{{ v1 }}`,
    '- yes: no\n? null\n&a *a !!x |',
    'y',
    'null',
    '0x1F',
    '1e3',
    '2026-01-01',
    '%TAG',
    'ä€🦜\u2028\u0085',
    '#cloud-config',
    'x'.repeat(65_536),
  ),
  fc.string({ unit: 'grapheme' }),
  fc.string({ unit: 'binary' }),
);

describe('hostile text in a free field comes back as it was, or is refused:', () => {
  const at: [string, (text: string) => object, (data: Record<string, unknown>) => unknown][] = [
    [
      'the comment of an SSH key',
      (text) => ({ users: [{ name: 'ada', sshKeys: [`ssh-ed25519 AAAAC3NzaC1lZDI1 ${text}`] }] }),
      (data) => (data['users'] as { ssh_authorized_keys: string[] }[])[0]?.ssh_authorized_keys[0]?.slice(29),
    ],
    [
      'a password hash',
      (text) => ({ users: [{ name: 'ada', passwordHash: `$6$${text}$${'a'.repeat(43)}` }] }),
      (data) => (data['users'] as { passwd: string }[])[0]?.passwd.slice(3, -44),
    ],
    ['a host name', (text) => ({ hostname: text }), (data) => data['hostname']],
    [
      'a mirror',
      (text) => ({ mirror: `http://m/${text}` }),
      (data) => (data['apt'] as { primary: { uri: string }[] }).primary[0]?.uri.slice(9),
    ],
    [
      'a package',
      (text) => ({ packages: [text] }),
      (data) => {
        const files = data['write_files'] as { path: string; content: string }[];
        const script = files.find(({ path }) => path.endsWith('/infinibay-packages'))?.content ?? '';
        return /^ +each '(.*)'$/m.exec(script)?.[1];
      },
    ],
    [
      'a user name',
      (text) => ({ users: [{ name: text }] }),
      (data) => (data['users'] as { name: string }[])[0]?.name,
    ],
    ['a time zone', (text) => ({ timezone: text }), (data) => data['timezone']],
  ];
  it.each(at)('%s', (_name, differences, read) => {
    fc.assert(
      fc.property(hostile, (text) => {
        const request = MediaRequest.safeParse({
          vmId: FULL_REQUEST.vmId,
          hostname: 'h',
          os: { family: 'ubuntu', version: '24.04' },
          source: 'cloud-image',
          ...differences(text),
        });
        if (!request.success) return;
        const data = parse(file(request.data, 'user-data')) as Record<string, unknown>;
        expect(read(data)).toBe(text);
      }),
      { numRuns: 300 },
    );
  });
});
