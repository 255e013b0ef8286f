import type { Fault, MediaRequest } from '#protocol';

/**
 * Whether the way of delivery exists for what is installed; all faults.
 * @returns an empty list when it does
 */
export function checkDelivery(request: MediaRequest): Fault[] {
  const { delivery, source, vendorIso, firmware } = request;
  const { family, architecture } = request.os;
  const faults: Fault[] = [];
  const fault = (path: string, message: string, remedy: string): void => {
    faults.push({ path, message, remedy });
  };
  if (architecture === 'aarch64' && firmware === 'bios')
    fault('firmware', 'aarch64 machines have no BIOS', 'use uefi');
  if (delivery === 'seed') return faults;
  if (source === 'cloud-image') {
    fault('delivery', `a cloud image has no installer that ${delivery} would start`, 'use seed');
    return faults;
  }
  if (family === 'windows') {
    fault(
      'delivery',
      delivery === 'remaster'
        ? 'Windows media are UDF, which is not written here'
        : `${delivery} is for the Linux families`,
      'use seed: its FAT form boots the vendor ISO without a key press',
    );
    return faults;
  }
  if (delivery === 'chain' && architecture !== 'x86_64')
    fault(
      'delivery',
      `there is no boot loader for a chain ISO on ${architecture}`,
      'use direct-kernel, which needs none',
    );
  if (vendorIso === undefined)
    fault(
      'vendorIso',
      `delivery ${delivery} needs the vendor's ISO`,
      'give its path on the machine of the media app',
    );
  return faults;
}
