import { type MediaRequest, USUAL_WINDOWS_DRIVERS } from '#protocol';

/** Where a seed has the drivers that `resolveDrivers` finds. */
export const WINPE_DRIVERS = '$WinPEDriver$';
export const SYSTEM_DRIVERS = 'drivers';
export const GUEST_TOOLS = 'Setup/Scripts/infinibay/virtio-win-guest-tools.exe';

/** What is to be found in a virtio-win tree. */
export interface WantedDrivers {
  /** Windows as a request names it: 10, 11, 2019, 2022, 2025. */
  version: string;
  architecture: 'x86_64' | 'aarch64';
  /** Folders of a virtio-win tree, beyond those that the installer needs. */
  drivers: readonly string[];
  guestTools: boolean;
}

export const wantedDrivers = ({ os, windows }: MediaRequest): WantedDrivers => ({
  version: os.version,
  architecture: os.architecture,
  drivers: windows?.drivers ?? USUAL_WINDOWS_DRIVERS,
  guestTools: windows?.guestTools ?? false,
});
