import type { MediaRequest } from '#protocol';
import { xmlText } from '../escape.js';
import { FAMILIES } from '../families/family.js';
import { type Attachment, hasVirtio } from './devices.js';
import { firmwarePlan, libvirtTpmModel, wantsTpm } from './firmware.js';
import type { PlanPaths } from './paths.js';

/**
 * Where libvirt's default pool keeps disks: its schema takes absolute paths only, so a placeholder cannot
 * stand there.
 */
const LIBVIRT_IMAGES = '/var/lib/libvirt/images';

export interface DirectKernel {
  /** Paths on the hypervisor; null: beside the machine's disk. */
  files: { kernel: string; initrd: string } | null;
  arguments: string;
}

/**
 * The machine as a libvirt domain. Boot order stands at each device: `<boot dev>` knows classes of devices
 * only.
 * @param kernel for a first start by direct kernel boot; the domain then stops where the installer restarts,
 * to be defined anew without it
 */
export function libvirtDomain(
  request: MediaRequest,
  media: Attachment[],
  paths: Pick<PlanPaths, 'socket' | 'socketMode'>,
  kernel: DirectKernel | null,
): string {
  const disks = media.filter(({ bus }) => bus !== 'nvme');
  const nvme = media.filter(({ bus }) => bus === 'nvme');
  const has = (bus: Attachment['bus']): boolean => media.some((device) => device.bus === bus);
  const names = targetNames();
  // libvirt before 11.5 knows no NVMe disk: QEMU is told directly.
  return `<domain type='kvm'${nvme.length > 0 ? ` xmlns:qemu='http://libvirt.org/schemas/domain/qemu/1.0'` : ''}>
  <name>${xmlText(request.hostname)}</name>
  <uuid>${request.vmId}</uuid>
  <memory unit='MiB'>4096</memory>
  <vcpu>2</vcpu>
${operatingSystem(request, kernel)}
  <features>
    <acpi/>${firmwarePlan(request).secureBoot === 'capable' ? `\n    <smm state='on'/>` : ''}
  </features>
  <clock offset='utc'/>${kernel ? '\n  <on_reboot>destroy</on_reboot>' : ''}
  <devices>
${disks.map((device) => disk(request, device, names(device.bus))).join('\n')}
${has('scsi') ? `    <controller type='scsi' index='0' model='virtio-scsi'/>\n` : ''}${has('usb') ? `    <controller type='usb' index='0' model='qemu-xhci'/>\n` : ''}    <controller type='virtio-serial' index='0'/>
    <channel type='unix'>
${channelSource(paths)}
      <target type='virtio' name='org.infinibay.agent'/>
    </channel>
    <interface type='network'>
      <source network='default'/>
      <model type='${hasVirtio(request) ? 'virtio' : 'e1000e'}'/>
    </interface>
${FAMILIES[request.os.family].machine.draws ? screenDevices(request) : ''}  </devices>
${nvme.length > 0 ? commandLine(request, nvme) : ''}</domain>
`;
}

function operatingSystem(request: MediaRequest, kernel: DirectKernel | null): string {
  const { type, secureBoot } = firmwarePlan(request);
  const machine = request.os.architecture === 'x86_64' ? 'q35' : 'virt';
  const beside = (name: string): string => `${LIBVIRT_IMAGES}/${request.hostname}-${name}`;
  const capable = secureBoot === 'capable';
  return [
    `  <os${type === 'uefi' ? ` firmware='efi'` : ''}>`,
    `    <type arch='${request.os.architecture}' machine='${machine}'>hvm</type>`,
    ...(type === 'uefi'
      ? [
          `    <firmware>`,
          `      <feature enabled='${capable ? 'yes' : 'no'}' name='secure-boot'/>`,
          ...(capable ? [`      <feature enabled='no' name='enrolled-keys'/>`] : []),
          `    </firmware>`,
        ]
      : []),
    ...(kernel
      ? [
          `    <kernel>${xmlText(kernel.files?.kernel ?? beside('kernel'))}</kernel>`,
          `    <initrd>${xmlText(kernel.files?.initrd ?? beside('initrd'))}</initrd>`,
          `    <cmdline>${xmlText(kernel.arguments)}</cmdline>`,
        ]
      : []),
    `  </os>`,
  ].join('\n');
}

/** Names are the guest's order hints; sd* is one row for SATA, SCSI and USB. */
function targetNames(): (bus: Attachment['bus']) => string {
  const used = { vd: 0, sd: 0 };
  return (bus) => {
    const prefix = bus === 'virtio' ? 'vd' : 'sd';
    return `${prefix}${String.fromCharCode(97 + used[prefix]++)}`;
  };
}

function disk(request: MediaRequest, device: Attachment, target: string): string {
  const { role, kind, bus, bootindex, serial } = device;
  const system = role === 'system-disk';
  return [
    `    <disk type='file' device='${kind}'>`,
    `      <driver name='qemu' type='${system ? 'qcow2' : 'raw'}'/>`,
    // A machine still starts when its medium was deleted.
    `      <source file='${xmlText(fileOf(request, device))}'${system ? '' : ` startupPolicy='optional'`}/>`,
    `      <target dev='${target}' bus='${bus}'${bus === 'usb' && kind === 'disk' ? ` removable='on'` : ''}/>`,
    ...(system ? [] : [`      <readonly/>`]),
    ...(serial === null ? [] : [`      <serial>${xmlText(serial)}</serial>`]),
    ...(bootindex === null ? [] : [`      <boot order='${bootindex}'/>`]),
    `    </disk>`,
  ].join('\n');
}

function fileOf(request: MediaRequest, { role, path }: Attachment): string {
  if (role === 'system-disk') return `${LIBVIRT_IMAGES}/${request.hostname}.qcow2`;
  // A placeholder that nobody filled.
  if (role === 'vendor-iso' && !path.startsWith('/'))
    return `${LIBVIRT_IMAGES}/${request.os.family}-${request.os.version}.iso`;
  return path;
}

function channelSource({ socket, socketMode }: Pick<PlanPaths, 'socket' | 'socketMode'>): string {
  const path = xmlText(socket);
  return socketMode === 'connect'
    ? `      <source mode='bind' path='${path}'/>`
    : `      <source mode='connect' path='${path}'>
        <reconnect enabled='yes' timeout='1'/>
      </source>`;
}

function screenDevices(request: MediaRequest): string {
  const model = request.os.architecture === 'x86_64' ? 'vga' : 'ramfb';
  return `${
    wantsTpm(request)
      ? `    <tpm model='${libvirtTpmModel(request)}'>
      <backend type='emulator' version='2.0'/>
    </tpm>
`
      : ''
  }    <graphics type='vnc'/>
    <video>
      <model type='${model}'/>
    </video>
`;
}

function commandLine(request: MediaRequest, devices: Attachment[]): string {
  const args = devices.flatMap((device) => [
    ...['-drive', `file=${fileOf(request, device)},if=none,id=${device.id},format=qcow2`],
    ...[
      '-device',
      `nvme,drive=${device.id},serial=${device.serial ?? 'system'},bootindex=${device.bootindex}`,
    ],
  ]);
  return `  <qemu:commandline>
${args.map((value) => `    <qemu:arg value='${xmlText(value)}'/>`).join('\n')}
  </qemu:commandline>
`;
}
