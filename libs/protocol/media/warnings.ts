import type { Fault } from '../fault.js';
import { hasLevel, levelOfModel } from './cpu-models.js';
import { FAMILY_RULES } from './family-rules.js';
import { levelsOf } from './machine-rules.js';
import { interfacesOf } from './network-cards.js';
import type { MediaRequest } from './request-fields.js';

/** Something that is allowed and worth knowing. */
export type Warning = Fault & { severity: 'warning' };

/** What an operator should know of a request that can be installed, without a look at any medium. */
export const requestWarnings = (request: MediaRequest): Warning[] =>
  asWarnings([
    ...networkWarnings(request),
    ...cpuWarnings(request),
    ...mediumWarnings(request),
    ...FAMILY_RULES[request.os.family].warnings(request),
  ]);

export const asWarnings = (faults: Fault[]): Warning[] =>
  faults.map((fault) => ({ ...fault, severity: 'warning' }));

function networkWarnings(request: MediaRequest): Fault[] {
  if (request.network === 'none')
    return [
      {
        path: 'network',
        message:
          'the machine has no network card: the agent is fetched over the network, so that none can come yet',
        remedy: 'give the machine a card; without one, install the agent by other means',
        value: 'none',
      },
    ];
  return interfacesOf(request).flatMap(({ match }, index) =>
    'name' in match
      ? [
          {
            path: `network.${index}.match.name`,
            message: "the system names a card by its slot, which is the hypervisor's choice",
            remedy: 'match by mac, which the plan gives to the card',
            value: match.name,
          },
        ]
      : [],
  );
}

function cpuWarnings({ os, resources: { cpu } }: MediaRequest): Fault[] {
  if (cpu === undefined || os.architecture !== 'x86_64') return [];
  const path = 'resources.cpu';
  if (cpu === 'host-model')
    return [
      {
        path,
        message:
          "QEMU itself has no host-model: the plan's QEMU arguments have -cpu max, with which a machine does not migrate",
        remedy: "start it by the plan's libvirt XML, or name a model",
        value: cpu,
      },
    ];
  const { wanted, least } = levelsOf(os);
  if (hasLevel(levelOfModel(cpu) ?? null, wanted)) return [];
  return [
    {
      path,
      message: `has not ${wanted}: of ${FAMILY_RULES[os.family].title} ${os.version} only its vendor's build for ${least} runs on it`,
      remedy: `take the ISO or image, and the mirror, of the ${least} build`,
      value: cpu,
    },
  ];
}

function mediumWarnings({ os, source, vendorIso, mirror }: MediaRequest): Fault[] {
  if (source === 'cloud-image')
    return [
      {
        path: 'source',
        message:
          'an image with a fixed datasource_list may not look at the seed ([Ec2, None]), or take itself for a new machine once the seed is detached ([NoCloud, None])',
        remedy:
          "look for datasource_list in the image's /etc/cloud/cloud.cfg and cloud.cfg.d; infiniservice doctor tells it on the machine",
        value: source,
      },
    ];
  if (vendorIso !== undefined) return [];
  const { title, hasPublicMirror } = FAMILY_RULES[os.family];
  const needsPackages = !hasPublicMirror && mirror === undefined;
  return [
    {
      path: 'vendorIso',
      message: `is not given: nobody has looked at the medium that will be attached${needsPackages ? '; a boot ISO finds no packages without mirror' : ''}`,
      remedy: `give its path on the machine of the media app, or see that it is ${title} ${os.version} for ${os.architecture}${needsPackages ? ' and a DVD' : ''}`,
    },
  ];
}
