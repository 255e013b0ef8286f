import type { MediaPlan, MediaRequest } from '#protocol';
import type { Delivery, Steps } from '../deliveries/delivery.js';
import { FAMILIES } from '../families/family.js';
import type { SeedForm } from './devices.js';
import { firmwarePlan, wantsTpm } from './firmware.js';
import type { PlanPaths } from './paths.js';
import { WHEN } from './when.js';

/** What whoever runs the hypervisor does, and when. */
export function planSteps(
  request: MediaRequest,
  plan: Pick<PlanPaths, 'socket' | 'socketMode'> & {
    delivery: Delivery;
    seedForm: SeedForm;
    /** The direct kernel boot of the first start, or null. */
    kernel: MediaPlan['kernel'];
    notes: string[];
  },
): Steps {
  const folder = plan.socket.slice(0, plan.socket.lastIndexOf('/'));
  const { delivery, kernel } = plan;
  return [
    {
      when: WHEN.before,
      do:
        plan.socketMode === 'connect'
          ? `let the user that QEMU runs as create sockets in ${folder} and read the seed`
          : `start the gateway, and let the user that QEMU runs as connect to sockets in ${folder} and read the seed`,
    },
    ...firmwareSteps(request, delivery),
    ...plan.notes.map((note) => ({ when: WHEN.before, do: note })),
    ...(request.disk.wipe && request.source === 'installer' && !kernel
      ? [
          {
            when: WHEN.before,
            do: 'a disk that already holds a bootable system would boot that: clear its first and last mebibyte, or let the medium with the next bootindex come before it for the first start',
          },
        ]
      : []),
    ...delivery.steps(request, plan),
    {
      when: WHEN.hello,
      do: `detach the ${delivery.detached(request)}, then DELETE the medium: a guest can read an attached seed for ever, and it carries the channel secret`,
    },
  ];
}

function firmwareSteps(request: MediaRequest, delivery: Delivery): Steps {
  const steps: Steps = [];
  const { type, secureBoot } = firmwarePlan(request);
  if (secureBoot === 'capable')
    steps.push({
      when: WHEN.before,
      do: `take the OVMF build with Secure Boot and SMM, and variables without enrolled keys: ${FAMILIES[request.os.family].title} asks for the ability, and the boot loader of the seed is not signed`,
    });
  else if (type === 'uefi' && delivery.unsignedLoader !== null)
    steps.push({
      when: WHEN.before,
      do: `leave Secure Boot off: the boot loader of the ${delivery.unsignedLoader} is not signed`,
    });
  if (wantsTpm(request))
    steps.push({
      when: WHEN.before,
      do: 'start swtpm with the arguments in tpm.swtpm, on a folder that stays with the machine; libvirt does it by itself',
    });
  return steps;
}
