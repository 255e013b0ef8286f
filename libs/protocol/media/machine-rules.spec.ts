import { describe, expect, it } from '@jest/globals';
import { CPU_MODELS, levelOfModel } from './cpu-models.js';
import { MediaRequest } from './request.js';
import { requestWarnings } from './warnings.js';

const request = (family: string, version: string, more: object = {}): object => ({
  vmId: '7c0d6f0e-3f5e-4d0c-9d55-1b2f3a4b5c6d',
  hostname: 'web-1',
  vendorIso: '/iso/a.iso',
  os: { family, version },
  ...more,
});
const cpu = (name: string): object => ({ resources: { cpu: name } });
const arm = (family: string, version: string, more: object): object =>
  request(family, version, { ...more, os: { family, version, architecture: 'aarch64' } });
const cloud = (more: object): object =>
  request('rocky', '9', { vendorIso: undefined, source: 'cloud-image', ...more });

/** `path: message → remedy` of each fault. */
const faults = (asked: object): string[] =>
  (MediaRequest.safeParse(asked).error?.issues ?? []).map(
    (issue) =>
      `${issue.path.join('.')}: ${issue.message} → ${String(issue.code === 'custom' && issue.params?.['remedy'])}`,
  );
const warnings = (asked: object): string[] =>
  requestWarnings(MediaRequest.parse(asked)).map(
    ({ path, value, message, severity }) => `${severity} ${path}${value ? ` = ${value}` : ''}: ${message}`,
  );

describe('a machine that cannot work is refused', () => {
  it.each<[string, object, RegExp]>([
    [
      'a model below the level of the release',
      request('rocky', '9', cpu('core2duo')),
      /^resources\.cpu: is x86-64, and Rocky Linux 9 needs x86-64-v2: .* → leave it out, or name a model such as Nehalem/,
    ],
    [
      'the level of a major version counts for its points',
      request('rhel', '10.1', cpu('IvyBridge-IBRS')),
      /RHEL 10\.1 needs x86-64-v3: .* such as Haswell-noTSX/,
    ],
    ['a 32-bit model', request('ubuntu', '24.04', cpu('qemu32')), /is a 32-bit processor.* needs x86-64:/],
    [
      'what even the build for older processors does not run on',
      request('alma', '10', cpu('kvm64')),
      /AlmaLinux 10 needs x86-64-v2/,
    ],
    ['a model that nobody knows', request('fedora', '43', cpu('Haswel')), /known → did you mean Haswell\?$/],
    ["QEMU's word for all", request('fedora', '43', cpu('host')), /is no model .* → leave it out/],
    [
      'host-model where libvirt has none',
      arm('fedora', '43', cpu('host-model')),
      /no host-model for aarch64/,
    ],
    ['a model of the other architecture', arm('fedora', '43', cpu('EPYC')), /is a model of x86/],
    [
      'a bus that the machine has not',
      arm('fedora', '43', { disk: { match: { bus: 'sata' } } }),
      /^disk\.match\.bus: the virt machine of aarch64 has no SATA → use virtio, scsi or nvme$/,
    ],
    [
      'an image that has not the firmware',
      cloud({ image: { firmware: 'bios' } }),
      /^image\.firmware: the image starts under bios alone, and the machine has uefi → give firmware bios/,
    ],
    [
      'the other way round',
      cloud({ firmware: 'bios', image: { firmware: 'uefi' } }),
      /^image\.firmware: the image starts under uefi alone, and the machine has bios/,
    ],
    ['an image for an installer', request('rocky', '9', { image: {} }), /^image: is about a cloud image/],
  ])('%s', (_what, asked, expected) => {
    expect(faults(asked)).toEqual([expect.stringMatching(expected)]);
  });

  it.each<[string, object]>([
    ['a model with the level', request('rocky', '10', cpu('Haswell-noTSX-IBRS'))],
    ['a version of one', request('rhel', '9', cpu('Nehalem-v2'))],
    ['host-model', request('rhel', '10', cpu('host-model'))],
    ['a model of aarch64, of which no level is known', arm('rhel', '10', cpu('neoverse-n1'))],
    ['an image for both', cloud({ image: { firmware: 'both', cloudInit: '24.4' } })],
    ['an image that is for what the machine has', cloud({ firmware: 'bios', image: { firmware: 'bios' } })],
  ])('and nothing else: %s', (_what, asked) => {
    expect(faults(asked)).toEqual([]);
  });
});

describe('a warning', () => {
  it.each<[string, object, RegExp[]]>([
    ['nothing', request('ubuntu', '24.04'), []],
    [
      'a machine without a network',
      request('ubuntu', '24.04', { network: 'none' }),
      [/^warning network = none: the machine has no network card: .*none can come yet/],
    ],
    [
      'a card by its name',
      request('fedora', '43', { network: [{ match: { name: 'ens4' } }] }),
      [/^warning network\.0\.match\.name = ens4: .*slot/],
    ],
    [
      'host-model, which QEMU has not',
      request('rocky', '9', cpu('host-model')),
      [/^warning resources\.cpu = host-model: QEMU itself has no host-model/],
    ],
    [
      'a processor for which there is another build',
      request('alma', '10', cpu('Nehalem')),
      [/^warning resources\.cpu = Nehalem: has not x86-64-v3: .*build for x86-64-v2/],
    ],
    ['a cloud image', cloud({}), [/^warning source = cloud-image: .*datasource_list/]],
    [
      'an ISO that is not given',
      request('rocky', '9', { vendorIso: undefined }),
      [/^warning vendorIso: is not given/],
    ],
    [
      'RHEL without an ISO, a mirror and a subscription',
      request('rhel', '9', { vendorIso: undefined }),
      [/^warning vendorIso: .*a boot ISO finds no packages without mirror/, /^warning rhsm: is not given/],
    ],
    [
      'RHEL with a subscription',
      request('rhel', '9', { rhsm: { organization: '1', activationKeys: ['a'] } }),
      [],
    ],
    ['Windows without drivers', request('windows', '11'), [/^warning virtioDrivers: .*no channel/]],
  ])('is told of %s', (_what, asked, expected) => {
    expect(warnings(asked)).toEqual(expected.map((words) => expect.stringMatching(words)));
  });
});

describe('the table of processor models', () => {
  it('has each name once, with the level of its model', () => {
    expect(new Set(CPU_MODELS).size).toBe(CPU_MODELS.length);
    expect(levelOfModel('EPYC-Rome-v4')).toBe('x86-64-v3');
    expect(levelOfModel('EPYC-Rome-v5')).toBeUndefined();
    expect(levelOfModel('Icelake-Server-noTSX')).toBe('x86-64-v4');
    expect(levelOfModel('n270')).toBeNull();
  });
});
