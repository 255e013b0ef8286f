import type { MediaPlan, MediaRequest } from '#protocol';
import { FAMILIES } from '../families/family.js';

type Machine = Pick<MediaRequest, 'firmware' | 'os'>;

/** What the machine starts with: UEFI with or without the ability of Secure Boot, or BIOS. */
export function firmwarePlan({ firmware, os }: Machine): MediaPlan['firmware'] {
  if (firmware === 'bios') return { type: 'bios', secureBoot: 'off', qemu: [] };
  const secureBoot = os.architecture === 'x86_64' ? FAMILIES[os.family].machine.secureBoot : 'off';
  return {
    type: 'uefi',
    secureBoot,
    qemu: [
      // The build with Secure Boot keeps its variables from the guest by SMM.
      ...(secureBoot === 'capable'
        ? ['-machine', 'smm=on', '-global', 'driver=cfi.pflash01,property=secure,value=on']
        : []),
      '-drive',
      'if=pflash,format=raw,unit=0,readonly=on,file={ovmfCode}',
      '-drive',
      'if=pflash,format=raw,unit=1,file={ovmfVars}',
    ],
  };
}

export const wantsTpm = (request: MediaRequest): boolean =>
  FAMILIES[request.os.family].machine.wantsTpm(request);

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

/** QEMU's device: CRB is UEFI's; SeaBIOS and the `virt` machine know TIS. */
function tpmModel(machine: Machine): 'tpm-crb' | 'tpm-tis' | 'tpm-tis-device' {
  return machine.os.architecture === 'aarch64' ? 'tpm-tis-device' : libvirtTpmModel(machine);
}

/** libvirt's tpm-tis is the right device on every machine type. */
export const libvirtTpmModel = ({ firmware, os }: Machine): 'tpm-crb' | 'tpm-tis' =>
  firmware === 'uefi' && os.architecture === 'x86_64' ? 'tpm-crb' : 'tpm-tis';
