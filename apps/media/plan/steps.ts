import type { MediaPlan, MediaRequest } from '#protocol';
import type { Delivery, Steps } from '../deliveries/delivery.js';
import { FAMILIES, seedLabel } from '../families/family.js';
import { RIVALS, SEED_LABELS } from '../families/labels.js';
import type { SeedForm } from './devices.js';
import { firmwarePlan, wantsTpm } from './firmware.js';
import type { PlanParts, PlanPaths } from './parts.js';
import { WHEN } from './when.js';

/** What whoever runs the hypervisor does, and when. */
export function planSteps(
  request: MediaRequest,
  plan: Pick<PlanPaths, 'socket' | 'socketMode'> & {
    delivery: Delivery;
    seedForm: SeedForm;
    machine: PlanParts['machine'];
    /** The direct kernel boot of the first start, or null. */
    kernel: MediaPlan['kernel'];
    ends: NonNullable<MediaPlan['ends']>;
  },
): Steps {
  const { delivery, kernel, ends } = plan;
  return [
    ...before(
      'stop the machine, and attach the medium only then: who can read it has its proof, by which first-boot scripts and their passwords go to the installation of this medium alone',
      ...channelSteps(plan),
      ...processorSteps(plan.machine),
      ...firmwareSteps(request, delivery),
      ...seedSteps(request),
      ...(request.disk.wipe && request.source === 'installer' && !kernel
        ? [
            'a disk that already holds a bootable system would boot that: clear its first and last mebibyte, or let the medium with the next bootindex come before it for the first start',
          ]
        : []),
    ),
    ...delivery.steps(request, plan),
    { when: WHEN.end, do: `installed: ${ends.installed.what}. Failed: ${ends.failed.what}` },
    {
      when: WHEN.hello,
      do: `libvirt: define libvirtXml, which starts without its media too. Detach the ${delivery.detached(request)} as detach says, then DELETE the medium: a guest can read an attached seed for ever, and it carries the channel secret and the medium’s proof`,
    },
  ];
}

const before = (...words: string[]): Steps => words.map((what) => ({ when: WHEN.before, do: what }));

function channelSteps({ socket, socketMode }: Pick<PlanPaths, 'socket' | 'socketMode'>): string[] {
  const folder = socket.slice(0, socket.lastIndexOf('/'));
  return [
    socketMode === 'connect'
      ? `let the user that QEMU runs as create sockets in ${folder} and read the seed`
      : `start the gateway, and let the user that QEMU runs as connect to sockets in ${folder} and read the seed`,
    // What libvirt starts runs as svirt_t, which makes and opens sockets in folders of this type.
    `where SELinux is enforcing and libvirt starts the machine: semanage fcontext -a -t svirt_image_t '${folder}(/.*)?' and restorecon -R ${folder}`,
  ];
}

const processorSteps = ({ cpu: { level } }: PlanParts['machine']): string[] =>
  level === null || level === 'x86-64'
    ? []
    : [
        `take a host whose processor has ${level} (/lib64/ld-linux-x86-64.so.2 --help lists what it has): on a lesser one the kernel panics when init starts`,
      ];

function firmwareSteps(request: MediaRequest, delivery: Delivery): string[] {
  const { image, os, source } = request;
  const steps: string[] = [];
  const { type, secureBoot } = firmwarePlan(request);
  if (secureBoot === 'capable')
    steps.push(
      `take the OVMF build with Secure Boot and SMM, and variables without enrolled keys: ${FAMILIES[os.family].title} asks for the ability, and the boot loader of the seed is not signed`,
    );
  else if (type === 'uefi' && delivery.unsignedLoader !== null)
    steps.push(`leave Secure Boot off: the boot loader of the ${delivery.unsignedLoader} is not signed`);
  if (source === 'cloud-image' && type === 'uefi' && os.architecture === 'x86_64' && !image?.firmware)
    steps.push(
      'see that the image has an EFI system partition (fdisk -l lists it; GenericCloud of AlmaLinux 8 has none, GenericCloud-UEFI has): one without it starts under firmware bios only',
    );
  if (wantsTpm(request))
    steps.push(
      'start swtpm with the arguments in tpm.swtpm, on a folder that stays with the machine; libvirt does it by itself',
    );
  return steps;
}

/** What would be taken for the seed, or for the system's disk. */
function seedSteps(request: MediaRequest): string[] {
  const label = seedLabel(request);
  return [
    `attach no other medium ${RIVALS[label]}: only one of them is read`,
    ...(label === SEED_LABELS.cloudInit
      ? [
          'give the machine no SMBIOS serial number that begins with ds=nocloud: cloud-init would look there instead',
        ]
      : []),
    'attach data disks before the seed, each with a serial number, and find them by it: numbers and names such as vdb change when the seed goes',
  ];
}
