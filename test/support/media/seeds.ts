import { readFileSync, writeFileSync } from 'node:fs';
import { expect } from '@jest/globals';
import type { AgentInstall } from '../../../apps/media/families/linux/agent-files.js';
import { type MediaRequest, versionsOf } from '#protocol';
import { FULL_REQUEST, mediaRequest } from './media.js';

/** Secrets that a search finds again. */
export const CANARY_SECRET = 'canary0channel0secret'.padEnd(64, '0');
export const CANARY_PROOF = 'ca3a'.repeat(16);
export const CANARY_TOKEN = 'canary-install-token_0123456789';

export const SEED_INSTALL: AgentInstall = {
  vmId: FULL_REQUEST.vmId,
  mediumId: 'c1a0b9d8-0000-4000-8000-000000000001',
  mediumProof: CANARY_PROOF,
  source: 'installer',
  rhsm: null,
  distributionUrl: 'http://suite.example:4000',
  pins: {
    ...{ binarySha256: 'b'.repeat(64), binaryBytes: 1_240_000 },
    ...{ scriptSha256: 'a'.repeat(64), scriptBytes: 1_100, version: '0.1.0' },
  },
  channelSecret: CANARY_SECRET,
  reporting: { url: 'http://suite.example:4002/install/events', token: CANARY_TOKEN },
};

export interface Release {
  family: 'fedora' | 'rhel' | 'rocky' | 'alma';
  version: string;
  /** Firmware and layout of its full request: each pair of them occurs in each family. */
  firmware: 'uefi' | 'bios';
  layout: 'plain' | 'lvm';
}

/** Every release that installs by kickstart. */
export const KICKSTART_RELEASES: Release[] = (['fedora', 'rhel', 'rocky', 'alma'] as const).flatMap(
  (family, first) =>
    versionsOf(family).map((version, index) => ({
      family,
      version,
      firmware: (first + index) % 2 === 0 ? ('uefi' as const) : ('bios' as const),
      layout: (first + index) % 4 < 2 ? ('lvm' as const) : ('plain' as const),
    })),
);

/** A request for a release that uses every field that its seed has a place for. */
export function fullRequest(
  { family, version, firmware, layout }: Release,
  source: MediaRequest['source'] = 'installer',
): MediaRequest {
  const mirror =
    family === 'fedora'
      ? `http://mirror.example/fedora/${version}/Everything/x86_64/os/`
      : `http://mirror.example/${family}/${version}/BaseOS/x86_64/os/`;
  const [first] = FULL_REQUEST.users;
  return mediaRequest({
    ...FULL_REQUEST,
    os: { family, version },
    firmware,
    source,
    mirror,
    users: [
      {
        ...first,
        sshKeys: [...(first?.sshKeys ?? []), 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIE1n6fTlQ2 second'],
      },
      ...FULL_REQUEST.users.slice(1),
      { name: 'ops', sshKeys: ['ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIE1n6fTlQ2 ops'] },
    ],
    network: [
      ...FULL_REQUEST.network,
      { match: { name: 'ens5' }, addresses: ['2001:db8:1::10/64'], gateway: '2001:db8:1::1' },
    ],
    disk: { match: { serial: 'DISK-1' }, layout, wipe: true },
  });
}

/** A request with nothing but what has no default. */
export const leastRequest = (
  { family, version }: Pick<Release, 'family' | 'version'>,
  source: MediaRequest['source'] = 'installer',
): MediaRequest => mediaRequest({ vmId: FULL_REQUEST.vmId, os: { family, version }, source });

/** Compares with the committed file; UPDATE_GOLDEN=1 writes it, for a reader to judge the difference. */
export function expectGolden(path: string, text: string): void {
  if (process.env['UPDATE_GOLDEN']) writeFileSync(path, text);
  expect(text).toBe(readFileSync(path, 'utf8'));
}
