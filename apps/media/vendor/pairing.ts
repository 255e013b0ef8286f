import { asWarnings, type Fault, type MediaRequest, type Warning } from '#protocol';
import { DELIVERIES } from '../deliveries/deliveries.js';
import { FAMILIES, type FamilyName } from '../families/family.js';
import type { IsoVariant, VendorIso } from './vendor-iso.js';

const titleOf = (family: FamilyName): string => FAMILIES[family].title;

/** Media that cannot install without a human, whatever the request. */
const UNUSABLE: { variant: IsoVariant; message: string; remedy: string }[] = [
  {
    // Anaconda's Live installation copies the running system and reads no kickstart file.
    variant: 'live',
    message: 'is a Live ISO, which cannot be kickstarted',
    remedy: 'take the DVD, or the netinst (boot) ISO with a mirror',
  },
  {
    variant: 'desktop-legacy',
    message: 'is a desktop ISO with the old installer (before 23.04), which knows no autoinstall',
    remedy: 'take the live-server ISO of that release; the desktop is a package: ubuntu-desktop',
  },
  {
    variant: 'legacy-server',
    message: "is a server ISO with Debian's installer, which knows no autoinstall",
    remedy: 'take the live-server ISO of that release',
  },
];

/**
 * Whether that ISO can serve that request; all faults, before anything is built. Whether it has the edition
 * is `checkWindows`' question: only Windows has editions.
 * @returns an empty list when it can
 */
export function checkPairing(request: MediaRequest, iso: VendorIso): Fault[] {
  const { family, version, architecture } = request.os;
  const what = `${titleOf(iso.family)} ${iso.version} (${iso.variant})`;
  const faults: Fault[] = [];
  const fault = (path: string, message: string, remedy: string): void => {
    faults.push({ path, message, remedy });
  };
  if (iso.family !== family)
    fault(
      'os.family',
      `the request is for ${titleOf(family)}, and ${iso.path} is ${what}`,
      `ask for ${iso.family}, or give the vendorIso of ${titleOf(family)} ${version}`,
    );
  else if (!isSameRelease(version, iso.version))
    fault(
      'os.version',
      `the request is for ${version}, and ${iso.path} is ${what}`,
      `ask for ${iso.version}, or give the vendorIso of ${titleOf(family)} ${version}`,
    );
  if (iso.architecture !== architecture)
    fault(
      'os.architecture',
      `the request is for ${architecture}, and ${iso.path} is for ${iso.architecture === 'other' ? 'another processor' : iso.architecture}`,
      `give the vendorIso for ${architecture}`,
    );
  if (!iso[request.firmware] && DELIVERIES[request.delivery].bootsVendorIso)
    fault(
      'firmware',
      `${iso.path} does not boot under ${request.firmware}`,
      iso.bios || iso.uefi
        ? `use firmware ${iso.uefi ? 'uefi' : 'bios'}`
        : `it has no boot catalog: it was copied or remade, take the vendor's own file`,
    );
  for (const { variant, message, remedy } of UNUSABLE)
    if (iso.variant === variant) fault('vendorIso', `${iso.path} ${message}`, remedy);
  if (!FAMILIES[iso.family].hasPublicMirror && iso.variant === 'netinst' && request.mirror === undefined)
    fault(
      'mirror',
      `${iso.path} is a boot ISO without packages, and ${titleOf(iso.family)} has no public mirror`,
      'give mirror (the BaseOS tree), or take the DVD',
    );
  if (iso.variant === 'netinst' && request.network === 'none')
    fault(
      'network',
      `${iso.path} is a boot ISO without packages, and the machine has no network card`,
      'give it a card, or take the DVD',
    );
  // dracut reads LABEL as far as the next colon.
  if (iso.uuid === null && FAMILIES[iso.family].installer && iso.volumeId.includes(':'))
    fault(
      'vendorIso',
      `the volume id ${JSON.stringify(iso.volumeId)} of ${iso.path} has a colon`,
      "take the vendor's own file",
    );
  return faults;
}

/** `24.04` means any point release of it; `24.04.1` that one. */
function isSameRelease(wanted: string, has: string): boolean {
  return has === wanted || has.startsWith(`${wanted}.`);
}

/** What an operator should know of a request because of the medium, although it installs. */
export function isoWarnings({ mirror }: MediaRequest, iso: VendorIso): Warning[] {
  if (iso.variant !== 'netinst') return [];
  return asWarnings([
    {
      path: 'vendorIso',
      message: `${iso.path} carries no packages: the installation fetches them from ${mirror ?? "the vendor's public mirrors"}`,
      remedy: 'see that the machine reaches that by its network, or take the DVD',
    },
  ]);
}
