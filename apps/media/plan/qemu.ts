import type { MediaRequest, PlanCard } from '#protocol';
import { qemuValue } from '../escape.js';
import { type Attachment, isPluggedLast } from './devices.js';
import { screen, wantsUsbKeyboard } from './machine.js';
import type { PlanParts, PlanPaths } from './parts.js';

/** A root port at the end of the first bus, behind what is added without an address. */
const SEED_PORT = 'seed-port';

/** The machine as QEMU arguments: it has what stands here, firmware and TPM, and nothing by itself. */
export function qemuArguments(
  request: MediaRequest,
  { machine, media, cards }: PlanParts,
  { socket, socketMode }: Pick<PlanPaths, 'socket' | 'socketMode'>,
): string[] {
  const has = (bus: Attachment['bus']): boolean => media.some((device) => device.bus === bus);
  const keyboard = wantsUsbKeyboard(request);
  let sata = 0;
  return [
    ...['-nodefaults', '-no-user-config'],
    ...['-name', `guest=${qemuValue(request.hostname)}`, '-uuid', request.vmId],
    ...['-machine', machine.type, '-cpu', machine.cpu.qemu],
    ...['-smp', String(machine.cpus), '-m', `${machine.memoryMiB}M`],
    // The clock is UTC, as the answers say to the installed system.
    ...['-rtc', 'base=utc'],
    ...['-qmp', 'unix:{qmpSocket},server=on,wait=off'],
    ...['-serial', '{console}', '-display', '{display}', '-device', `${screen(request).qemu},id=screen0`],
    ...['-device', 'virtio-balloon-pci,id=balloon0'],
    ...(has('scsi') ? ['-device', 'virtio-scsi-pci,id=scsi0'] : []),
    ...(has('usb') || keyboard ? ['-device', 'qemu-xhci,id=usb0'] : []),
    ...(keyboard ? ['-device', 'usb-kbd,id=keyboard0,bus=usb0.0'] : []),
    ...networkArguments(cards),
    '-device',
    'virtio-serial-pci,id=virtio-serial0',
    '-chardev',
    `socket,path=${qemuValue(socket)},${socketMode === 'connect' ? 'server=on,wait=off' : 'server=off,reconnect=1'},id=chinfini0`,
    '-device',
    'virtserialport,id=channel,chardev=chinfini0,name=org.infinibay.agent',
    ...media.flatMap((device) => [
      '-drive',
      drive(device),
      // A SATA port takes one device, and QEMU puts what has no port on the first one.
      ...frontEnd(device, device.bus === 'sata' ? sata++ : 0),
    ]),
  ];
}

/** Without a ROM of its own, so that no firmware boots from the network. */
function networkArguments(cards: PlanCard[]): string[] {
  if (cards.length === 0) return ['-nic', 'none'];
  return cards.flatMap(({ id, mac, model }, index) => [
    '-netdev',
    `{${id}}`,
    '-device',
    `${model === 'virtio' ? 'virtio-net-pci' : model},id=card${index},netdev=${id},mac=${mac},romfile=`,
  ]);
}

function drive({ kind, role, drive: id, placeholder, format }: Attachment): string {
  const read = role === 'system-disk' ? '' : ',readonly=on';
  return `file=${placeholder},format=${format},if=none,id=${id}${read}${kind === 'cdrom' ? ',media=cdrom' : ''}`;
}

function frontEnd(device: Attachment, sataPort: number): string[] {
  const { bus, kind, id, drive: backEnd, bootindex, serial } = device;
  const cd = kind === 'cdrom';
  const last = isPluggedLast(device);
  // usb-storage hides its CD from `eject`, which asks for the device's own id.
  const usbCd = bus === 'usb' && cd;
  const models: Record<Attachment['bus'], string> = {
    virtio: `virtio-blk-pci${last ? `,bus=${SEED_PORT}` : ''}`,
    sata: `${cd ? 'ide-cd' : 'ide-hd'},bus=ide.${sataPort}`,
    scsi: `${cd ? 'scsi-cd' : 'scsi-hd'},bus=scsi0.0`,
    usb: usbCd ? `scsi-cd,bus=${id}-usb.0` : 'usb-storage,bus=usb0.0,removable=on',
    nvme: 'nvme',
    'virtio-serial': '',
  };
  // NVMe has no default.
  const number = serial ?? (bus === 'nvme' ? 'system' : null);
  return [
    // What hangs on the first bus itself cannot be unplugged.
    ...(last ? ['-device', `pcie-root-port,id=${SEED_PORT},bus=pcie.0,addr=0x1e,chassis=30,slot=30`] : []),
    ...(usbCd ? ['-device', `usb-bot,id=${id}-usb,bus=usb0.0`] : []),
    '-device',
    [
      models[bus],
      `id=${id}`,
      `drive=${backEnd}`,
      ...(number === null ? [] : [`serial=${qemuValue(number)}`]),
      ...(bootindex === null ? [] : [`bootindex=${bootindex}`]),
    ].join(','),
  ];
}
