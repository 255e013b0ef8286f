import type { MediaPlan, MediaRequest } from '#protocol';
import { qemuValue } from '../escape.js';
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
    // Setup draws; and its clock is UTC, as RealTimeIsUniversal says to the installed system.
    ...(request.os.family === 'windows' ? ['-device', screen(request), '-rtc', 'base=utc'] : []),
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

/** Windows 11 and the servers from 2022 on look for a TPM 2.0; the LabConfig bypass is for hosts that have none. */
export function wantsTpm({ os: { family, version }, windows }: MediaRequest): boolean {
  return (
    family === 'windows' && ['11', '2022', '2025'].includes(version) && windows?.bypassRequirements !== true
  );
}

export function firmwarePlan(request: MediaRequest): MediaPlan['firmware'] {
  if (request.firmware === 'bios') return { type: 'bios', secureBoot: 'off', qemu: [] };
  const capable = request.os.family === 'windows' && request.os.architecture === 'x86_64';
  return {
    type: 'uefi',
    secureBoot: capable ? 'capable' : 'off',
    qemu: [
      // The build with Secure Boot keeps its variables from the guest by SMM.
      ...(capable ? ['-machine', 'smm=on', '-global', 'driver=cfi.pflash01,property=secure,value=on'] : []),
      '-drive',
      'if=pflash,format=raw,unit=0,readonly=on,file={ovmfCode}',
      '-drive',
      'if=pflash,format=raw,unit=1,file={ovmfVars}',
    ],
  };
}

export function tpmPlan(request: MediaRequest): MediaPlan['tpm'] {
  if (!wantsTpm(request)) return null;
  return {
    version: '2.0',
    qemu: [
      ...['-chardev', 'socket,id=chtpm0,path={tpmSocket}', '-tpmdev', 'emulator,id=tpm0,chardev=chtpm0'],
      ...['-device', `${tpmModel(request)},tpmdev=tpm0`],
    ],
    swtpm: ['socket', '--tpm2', '--tpmstate', 'dir={tpmState}', '--ctrl', 'type=unixio,path={tpmSocket}'],
  };
}

/** CRB is UEFI's; SeaBIOS and the `virt` machine know TIS. */
export function tpmModel({ firmware, os }: MediaRequest): 'tpm-crb' | 'tpm-tis' | 'tpm-tis-device' {
  if (os.architecture === 'aarch64') return 'tpm-tis-device';
  return firmware === 'uefi' ? 'tpm-crb' : 'tpm-tis';
}
