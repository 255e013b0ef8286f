import type { Fault, MediaRequest } from '#protocol';
import { FAMILIES } from '../families/family.js';

/**
 * Faults of a delivery that starts the installer with arguments, from the vendor's ISO: all that it cannot be
 * for.
 * @param refusal why a vendor's medium whose installer takes no arguments cannot be delivered so, by the
 * family's name
 */
export function installerFaults(
  { delivery, source, vendorIso, os }: MediaRequest,
  refusal: (title: string) => string,
): Fault[] {
  const { installer, title } = FAMILIES[os.family];
  if (source === 'cloud-image')
    return [
      {
        path: 'delivery',
        message: `a cloud image has no installer that ${delivery} would start`,
        remedy: 'use seed',
      },
    ];
  if (!installer)
    return [
      {
        path: 'delivery',
        message: refusal(title),
        remedy: 'use seed: its FAT form boots the vendor ISO without a key press',
      },
    ];
  if (vendorIso !== undefined) return [];
  return [
    {
      path: 'vendorIso',
      message: `delivery ${delivery} needs the vendor's ISO`,
      remedy: 'give its path on the machine of the media app',
    },
  ];
}
