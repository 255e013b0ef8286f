import type { MediaRequest, PlanCard } from '#protocol';
import { xmlText } from '../escape.js';
import type { Attachment } from './devices.js';
import { firmwarePlan, libvirtTpmModel, wantsTpm } from './firmware.js';
import { libvirtCpu, screen, wantsUsbKeyboard } from './machine.js';
import type { PlanParts, PlanPaths } from './parts.js';

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
 * The machine as a libvirt domain, with all that libvirt would add by itself. Boot order stands at each
 * device: `<boot dev>` knows classes of devices only.
 * @param start the first one does not take place without its media; each later one does, since they may have
 * been deleted
 * @param kernel for a first start by direct kernel boot; the domain then stops where the installer restarts,
 * to be defined anew without it
 */
export function libvirtDomain(
  request: MediaRequest,
  { machine, media, cards }: PlanParts,
  paths: Pick<PlanPaths, 'socket' | 'socketMode'>,
  { start, kernel }: { start: 'first' | 'later'; kernel: DirectKernel | null },
): string {
  const disks = media.filter(({ bus }) => bus !== 'nvme');
  const nvme = media.filter(({ bus }) => bus === 'nvme');
  const has = (bus: Attachment['bus']): boolean => media.some((device) => device.bus === bus);
  const keyboard = wantsUsbKeyboard(request);
  const lines = [
    // libvirt before 11.5 knows no NVMe disk: QEMU is told directly.
    `<domain type='kvm'${nvme.length > 0 ? ` xmlns:qemu='http://libvirt.org/schemas/domain/qemu/1.0'` : ''}>`,
    `  <name>${xmlText(request.hostname)}</name>`,
    `  <uuid>${request.vmId}</uuid>`,
    `  <memory unit='MiB'>${machine.memoryMiB}</memory>`,
    `  <vcpu>${machine.cpus}</vcpu>`,
    operatingSystem(request, machine, kernel),
    `  <features>`,
    `    <acpi/>${firmwarePlan(request).secureBoot === 'capable' ? `\n    <smm state='on'/>` : ''}`,
    `  </features>`,
    `  ${libvirtCpu(machine)}`,
    `  <clock offset='utc'/>`,
    ...(kernel ? [`  <on_reboot>destroy</on_reboot>`] : []),
    `  <devices>`,
    ...disks.map((device) => disk(request, device, start)),
    ...(has('scsi') ? [`    <controller type='scsi' index='0' model='virtio-scsi'/>`] : []),
    `    <controller type='usb' index='0' model='${has('usb') || keyboard ? 'qemu-xhci' : 'none'}'/>`,
    `    <controller type='virtio-serial' index='0'/>`,
    ...cards.map(networkCard),
    `    <serial type='pty'>`,
    `      <target port='0'/>`,
    `    </serial>`,
    `    <console type='pty'>`,
    `      <target type='serial' port='0'/>`,
    `    </console>`,
    `    <channel type='unix'>`,
    channelSource(paths),
    `      <target type='virtio' name='org.infinibay.agent'/>`,
    `    </channel>`,
    ...(keyboard ? [`    <input type='keyboard' bus='usb'/>`] : []),
    ...(wantsTpm(request) ? [tpm(request)] : []),
    `    <graphics type='vnc'/>`,
    `    <video>`,
    `      <model type='${screen(request).libvirt}'/>`,
    `    </video>`,
    `    <memballoon model='virtio'/>`,
    `  </devices>`,
    ...(nvme.length > 0 ? [commandLine(request, nvme)] : []),
    `</domain>`,
  ];
  return `${lines.join('\n')}\n`;
}

function operatingSystem(
  request: MediaRequest,
  { type: machine }: PlanParts['machine'],
  kernel: DirectKernel | null,
): string {
  const { type, secureBoot } = firmwarePlan(request);
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

function disk(request: MediaRequest, device: Attachment, start: 'first' | 'later'): string {
  const { role, kind, bus, bootindex, serial, target, format } = device;
  const system = role === 'system-disk';
  const policy = start === 'first' ? 'mandatory' : 'optional';
  return [
    `    <disk type='file' device='${kind}'>`,
    `      <driver name='qemu' type='${format}'/>`,
    `      <source file='${xmlText(fileOf(request, device))}'${system ? '' : ` startupPolicy='${policy}'`}/>`,
    `      <target dev='${target}' bus='${bus}'${bus === 'usb' && kind === 'disk' ? ` removable='on'` : ''}/>`,
    ...(system ? [] : [`      <readonly/>`]),
    ...(serial === null ? [] : [`      <serial>${xmlText(serial)}</serial>`]),
    ...(bootindex === null ? [] : [`      <boot order='${bootindex}'/>`]),
    `    </disk>`,
  ].join('\n');
}

/** Without a ROM of its own, so that no firmware boots from the network. */
const networkCard = ({ mac, model }: PlanCard): string =>
  [
    `    <interface type='network'>`,
    `      <mac address='${mac}'/>`,
    `      <source network='default'/>`,
    `      <model type='${model}'/>`,
    `      <rom enabled='no'/>`,
    `    </interface>`,
  ].join('\n');

function fileOf(request: MediaRequest, { role, path, format }: Attachment): string {
  if (role === 'system-disk') return `${LIBVIRT_IMAGES}/${request.hostname}.${format}`;
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

const tpm = (request: MediaRequest): string =>
  [
    `    <tpm model='${libvirtTpmModel(request)}'>`,
    `      <backend type='emulator' version='2.0'/>`,
    `    </tpm>`,
  ].join('\n');

function commandLine(request: MediaRequest, devices: Attachment[]): string {
  const args = devices.flatMap((device) => [
    ...['-drive', `file=${fileOf(request, device)},format=${device.format},if=none,id=${device.drive}`],
    ...[
      '-device',
      `nvme,id=${device.id},drive=${device.drive},serial=${device.serial ?? 'system'},bootindex=${device.bootindex}`,
    ],
  ]);
  return [
    `  <qemu:commandline>`,
    ...args.map((value) => `    <qemu:arg value='${xmlText(value)}'/>`),
    `  </qemu:commandline>`,
  ].join('\n');
}
