import type { MediaPlan, MediaRequest } from '#protocol';
import { startsSetupItself } from './devices.js';
import { firmwarePlan, wantsTpm } from './qemu.js';
import type { PlanPaths } from './paths.js';

type Steps = MediaPlan['steps'];

const BEFORE = 'before the first start';
const FIRST = 'first start';
const RESTART = 'first restart';

/** What whoever runs the hypervisor does, and when. */
export function planSteps(
  request: MediaRequest,
  plan: Pick<PlanPaths, 'socket' | 'socketMode' | 'kernelFiles' | 'iso'> & {
    seedForm: 'iso' | 'fat';
    /** Whether the first start is a direct kernel boot. */
    kernel: boolean;
    notes: string[];
  },
): Steps {
  const folder = plan.socket.slice(0, plan.socket.lastIndexOf('/'));
  return [
    {
      when: BEFORE,
      do:
        plan.socketMode === 'connect'
          ? `let the user that QEMU runs as create sockets in ${folder} and read the seed`
          : `start the gateway, and let the user that QEMU runs as connect to sockets in ${folder} and read the seed`,
    },
    ...firmwareSteps(request),
    ...plan.notes.map((note) => ({ when: BEFORE, do: note })),
    ...(request.disk.wipe && request.source === 'installer' && !plan.kernel
      ? [
          {
            when: BEFORE,
            do: 'a disk that already holds a bootable system would boot that: clear its first and last mebibyte, or let the medium with the next bootindex come before it for the first start',
          },
        ]
      : []),
    ...installSteps(request, plan),
    {
      when: 'after the agent said hello',
      do: `detach the ${detached(request)}, then DELETE the medium: a guest can read an attached seed for ever, and it carries the channel secret`,
    },
  ];
}

function detached({ os, source, delivery }: MediaRequest): string {
  if (source === 'cloud-image') return 'seed';
  if (os.family === 'windows') return 'seed and the vendor ISO';
  if (delivery === 'remaster') return 'remastered ISO';
  return delivery === 'chain' ? 'chain ISO and the vendor ISO' : 'seed';
}

function firmwareSteps(request: MediaRequest): Steps {
  const steps: Steps = [];
  const { type, secureBoot } = firmwarePlan(request);
  if (secureBoot === 'capable')
    steps.push({
      when: BEFORE,
      do: 'take the OVMF build with Secure Boot and SMM, and variables without enrolled keys: Windows asks for the ability, and the boot loader of the seed is not signed',
    });
  else if (type === 'uefi' && request.delivery === 'chain')
    steps.push({
      when: BEFORE,
      do: 'leave Secure Boot off: the boot loader of the chain ISO is not signed',
    });
  if (wantsTpm(request))
    steps.push({
      when: BEFORE,
      do: 'start swtpm with the arguments in tpm.swtpm, on a folder that stays with the machine; libvirt does it by itself',
    });
  return steps;
}

function installSteps(
  request: MediaRequest,
  { kernel, kernelFiles, iso, seedForm }: Parameters<typeof planSteps>[1],
): Steps {
  if (request.source === 'cloud-image')
    return [{ when: FIRST, do: 'boot the disk; its size may be grown before' }];
  if (request.os.family === 'windows') return windowsSteps(request, seedForm);
  if (kernel)
    return [
      ...(!iso && request.os.family !== 'ubuntu'
        ? [
            {
              when: BEFORE,
              do: 'put the volume id of the vendor ISO in place of {vendorVolumeId} in the kernel arguments (blkid prints it as LABEL), or give vendorIso in the request',
            },
          ]
        : []),
      {
        when: FIRST,
        do: kernelFiles
          ? 'boot the kernel and initrd in kernel.files, with the arguments in kernel'
          : 'boot the kernel and initrd taken from the vendor ISO, with the arguments in kernel',
      },
      {
        when: RESTART,
        do: 'remove kernel, initrd and arguments: the installed disk boots by itself; detach the vendor ISO',
      },
    ];
  const medium = request.delivery === 'chain' ? 'chain ISO' : 'remastered ISO';
  return [
    { when: FIRST, do: `start the machine: its disk is empty, so the ${medium} boots` },
    { when: RESTART, do: `nothing: the installed disk boots before the ${medium}` },
  ];
}

function windowsSteps(request: MediaRequest, seedForm: 'iso' | 'fat'): Steps {
  return [
    {
      when: FIRST,
      do: startsSetupItself(request, seedForm)
        ? 'start the machine: the seed boots and starts setup from the vendor ISO'
        : 'start the machine and press the key in keys as often as it says: the vendor ISO asks for one before it boots',
    },
    {
      when: RESTART,
      do: startsSetupItself(request, seedForm)
        ? 'nothing: the seed starts the Windows that it has installed'
        : 'nothing: the installed disk boots before the media; press no key',
    },
  ];
}
