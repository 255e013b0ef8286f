import { describe, expect, it } from '@jest/globals';
import { type MediaRequest, versionsOf } from '#protocol';
import { FULL_REQUEST, mediaRequest } from '../../../test/support/media/media.js';
import {
  fullRequest,
  KICKSTART_RELEASES,
  leastRequest,
  SEED_INSTALL,
} from '../../../test/support/media/seeds.js';
import { holds } from '../../../test/support/text/canary.js';
import { DELIVERIES } from '../deliveries/deliveries.js';
import { FAMILIES } from './family.js';
import type { AgentInstall } from './linux/agent-files.js';
import { INSTALL_ENV } from './linux/read-medium.js';
import type { SeedFile } from './seed-file.js';

/** All that install.env alone may hold. */
const CANARIES = {
  'channel secret': 'canary0channel0secret'.padEnd(64, '0'),
  'report token': 'canary-install-token_0123456789',
  'report URL': 'http://canary-reports.example:4002/install/events',
  'distribution URL': 'http://canary-distribution.example:4000',
  'hash of the agent': 'ca1a'.repeat(16),
  'hash of its script': 'ca2a'.repeat(16),
  'version of the agent': '41.42.43',
  organization: 'canary-organization',
  'activation key': 'canary-activation-key',
  'second activation key': 'canary-second-key',
};

const installOf = (source: MediaRequest['source']): AgentInstall => ({
  ...SEED_INSTALL,
  source,
  distributionUrl: CANARIES['distribution URL'],
  pins: {
    binarySha256: CANARIES['hash of the agent'],
    binaryBytes: 4_142_434,
    scriptSha256: CANARIES['hash of its script'],
    scriptBytes: 1_100,
    version: CANARIES['version of the agent'],
  },
  channelSecret: CANARIES['channel secret'],
  reporting: { url: CANARIES['report URL'], token: CANARIES['report token'] },
  rhsm: {
    organization: CANARIES.organization,
    activationKeys: [CANARIES['activation key'], CANARIES['second activation key']],
  },
});

const SOURCES = ['installer', 'cloud-image'] as const;
const releases = [
  ...versionsOf('ubuntu').map((version) => ({ family: 'ubuntu' as const, version })),
  ...KICKSTART_RELEASES,
];

/** The least and the most that can be asked for, in each way in which it can be delivered. */
function requestsFor(release: (typeof releases)[number], source: MediaRequest['source']): MediaRequest[] {
  const os = { family: release.family, version: release.version };
  const both =
    'layout' in release
      ? [leastRequest(release, source), fullRequest(release, source)]
      : [
          { vmId: FULL_REQUEST.vmId, os, source },
          { ...FULL_REQUEST, os, source },
        ].map(mediaRequest);
  const rhsm = installOf(source).rhsm ?? undefined;
  const deliveries = Object.keys(DELIVERIES) as MediaRequest['delivery'][];
  return [...both, ...both.map((request) => ({ ...request, network: 'none' as const }))].flatMap((request) =>
    deliveries.map((delivery) => ({
      ...request,
      delivery,
      ...(os.family === 'rhel' && rhsm ? { rhsm } : {}),
    })),
  );
}

const seedsFor = (request: MediaRequest): SeedFile[][] =>
  [true, false].map((isBootIso) =>
    FAMILIES[request.os.family].seed(request, installOf(request.source), {
      ...{ mediaId: SEED_INSTALL.mediumId, passwords: new Map(), isBootIso },
    }),
  );

describe.each(SOURCES)('a medium of source %s', (source) => {
  it.each(releases.map((release) => [release.family, release.version, release] as const))(
    'for %s %s has its secrets in install.env, and in no other file in any form',
    (_family, _version, release) => {
      for (const files of requestsFor(release, source).flatMap(seedsFor)) {
        expect(files.length).toBeGreaterThan(1);
        for (const { name, content } of files)
          for (const [what, canary] of Object.entries(CANARIES)) {
            const isHeld = holds(Buffer.from(content), canary);
            expect(`${name} ${isHeld ? 'has' : 'is without'} the ${what}`).toBe(
              `${name} ${name === INSTALL_ENV ? 'has' : 'is without'} the ${what}`,
            );
          }
      }
    },
  );
});

it('is a search that finds each form', () => {
  const canary = CANARIES['report token'];
  for (const shift of ['', 'x', 'xy'])
    expect(holds(Buffer.from(Buffer.from(`${shift}${canary}\n`).toString('base64')), canary)).toBe(true);
  expect(holds(Buffer.from(Buffer.from(canary).toString('hex')), canary)).toBe(true);
  expect(holds(Buffer.from(canary.slice(1)), canary)).toBe(false);
});
