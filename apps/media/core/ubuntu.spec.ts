import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { parse } from 'yaml';
import { MediaRequest } from '#protocol';
import { FULL_REQUEST, mediaRequest } from '../../../test/support/media.js';
import { mediaPlan } from './plan.js';
import { ubuntuSeed, UBUNTU_VERSIONS } from './ubuntu.js';

const INSTALL = {
  vmId: FULL_REQUEST.vmId,
  distributionUrl: 'http://suite.example:4000',
  pins: { binarySha256: 'b'.repeat(64), scriptSha256: 'a'.repeat(64), version: '0.1.0' },
  channelSecret: 'c'.repeat(64),
  reporting: null,
};
const PATHS = {
  seed: '/opt/infinibay/media/m/seed.iso',
  socket: `/opt/infinibay/sockets/${FULL_REQUEST.vmId}.socket`,
  socketMode: 'connect' as const,
};

const rendered = (request: MediaRequest): string =>
  ubuntuSeed(request, INSTALL, 'medium-1')
    .map(({ name, content }) => `=== ${name}\n${content}`)
    .join('\n');
const file = (request: MediaRequest, name: string): string =>
  ubuntuSeed(request, INSTALL, 'medium-1').find((candidate) => candidate.name === name)?.content ?? '';

/** Compares with the committed file; UPDATE_GOLDEN=1 writes it, for a reader to judge the difference. */
function expectGolden(name: string, text: string): void {
  const path = join(import.meta.dirname, 'golden', name);
  if (process.env['UPDATE_GOLDEN']) writeFileSync(path, text);
  expect(text).toBe(readFileSync(path, 'utf8'));
}

describe('the seed of an Ubuntu machine is the one that was read and approved', () => {
  for (const version of ['22.04', '24.04'])
    for (const source of ['cloud-image', 'installer'] as const) {
      const os = { family: 'ubuntu', version };
      it(`${version} ${source} with everything`, () => {
        const request = mediaRequest({ ...FULL_REQUEST, os, source });
        expectGolden(`${version}-${source}-full.txt`, rendered(request));
      });
      it(`${version} ${source} with nothing but a name`, () => {
        const request = mediaRequest({ vmId: FULL_REQUEST.vmId, os, source });
        expectGolden(`${version}-${source}-least.txt`, rendered(request));
      });
    }

  it.each(['cloud-image', 'installer'] as const)('and so is its plan for %s', (source) => {
    const request = mediaRequest({ ...FULL_REQUEST, source, vendorIso: '/iso/ubuntu,24.04.iso' });
    expectGolden(`plan-${source}.json`, `${JSON.stringify(mediaPlan(request, PATHS), null, 2)}\n`);
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
    for (const version of UBUNTU_VERSIONS)
      expect(rendered(mediaRequest({ os: { family: 'ubuntu', version } }))).not.toMatch(/plain_text_passwd/);
  });

  it('has no secret when lines are not signed', () => {
    const files = ubuntuSeed(mediaRequest(), { ...INSTALL, channelSecret: null }, 'm');
    expect(files[0]?.content).not.toContain('SHARED_SECRET=');
  });

  it('wipes a disk by rule only', () => {
    const request = mediaRequest({
      source: 'installer',
      disk: { match: { serial: 'DISK-1' }, layout: 'lvm' },
    });
    const { autoinstall } = parse(file(request, 'user-data')) as { autoinstall: { storage: object } };
    expect(autoinstall.storage).toEqual({ layout: { name: 'lvm', match: { serial: 'DISK-1' } } });
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
      (text) => ({ users: [{ name: 'ada', passwordHash: `$6$${text}` }] }),
      (data) => (data['users'] as { passwd: string }[])[0]?.passwd.slice(3),
    ],
    ['a host name', (text) => ({ hostname: text }), (data) => data['hostname']],
    [
      'a mirror',
      (text) => ({ mirror: `http://m/${text}` }),
      (data) => (data['apt'] as { primary: { uri: string }[] }).primary[0]?.uri.slice(9),
    ],
    ['a package', (text) => ({ packages: [text] }), (data) => (data['packages'] as string[])[0]],
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
