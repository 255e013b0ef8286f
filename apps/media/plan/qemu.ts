import type { MediaRequest } from '#protocol';
import { qemuValue } from '../escape.js';
import { FAMILIES } from '../families/family.js';
import type { Attachment } from './devices.js';
import type { PlanPaths } from './paths.js';

/** The devices as QEMU arguments. */
export function qemuArguments(
  request: MediaRequest,
  media: Attachment[],
  { socket, socketMode }: Pick<PlanPaths, 'socket' | 'socketMode'>,
): string[] {
  const has = (bus: Attachment['bus']): boolean => media.some((device) => device.bus === bus);
  let sata = 0;
  return [
    ...(has('scsi') ? ['-device', 'virtio-scsi-pci,id=scsi0'] : []),
    ...(has('usb') ? ['-device', 'qemu-xhci,id=usb0'] : []),
    ...media.flatMap((device) => [
      '-drive',
      drive(device),
      '-device',
      // A SATA port takes one device, and QEMU puts what has no port on the first one.
      frontEnd(device, device.bus === 'sata' ? sata++ : 0),
    ]),
    '-device',
    'virtio-serial-pci,id=virtio-serial0',
    '-chardev',
    `socket,path=${qemuValue(socket)},${socketMode === 'connect' ? 'server=on,wait=off' : 'server=off,reconnect=1'},id=chinfini0`,
    '-device',
    'virtserialport,chardev=chinfini0,name=org.infinibay.agent',
    // The clock is UTC, as RealTimeIsUniversal says to the installed Windows.
    ...(FAMILIES[request.os.family].machine.draws ? ['-device', screen(request), '-rtc', 'base=utc'] : []),
  ];
}

const screen = ({ os }: MediaRequest): string => (os.architecture === 'x86_64' ? 'VGA' : 'ramfb');

function drive({ kind, role, id, placeholder }: Attachment): string {
  const read = role === 'system-disk' ? '' : ',format=raw,readonly=on';
  return `file=${placeholder},if=none,id=${id}${read}${kind === 'cdrom' ? ',media=cdrom' : ''}`;
}

function frontEnd({ bus, kind, id, bootindex, serial }: Attachment, sataPort: number): string {
  const cd = kind === 'cdrom';
  const models: Record<Attachment['bus'], string> = {
    virtio: `virtio-blk-pci,drive=${id}`,
    sata: `${cd ? 'ide-cd' : 'ide-hd'},bus=ide.${sataPort},drive=${id}`,
    scsi: `${cd ? 'scsi-cd' : 'scsi-hd'},bus=scsi0.0,drive=${id}`,
    usb: `usb-storage,bus=usb0.0,drive=${id}${cd ? '' : ',removable=on'}`,
    nvme: `nvme,drive=${id}`,
    'virtio-serial': '',
  };
  // NVMe has no default.
  const number = serial ?? (bus === 'nvme' ? 'system' : null);
  return [
    models[bus],
    ...(number === null ? [] : [`serial=${qemuValue(number)}`]),
    ...(bootindex === null ? [] : [`bootindex=${bootindex}`]),
  ].join(',');
}
