/**
 * Drivers of a virtio-win tree that can be put on the installed system; storage and network are always there
 * for the installer.
 */
export const WINDOWS_DRIVERS = [
  'vioserial',
  'Balloon',
  'viorng',
  'viofs',
  'vioinput',
  'pvpanic',
  'fwcfg',
] as const;

/** Those that are taken when a request names none. */
export const USUAL_WINDOWS_DRIVERS = [
  'vioserial',
  'Balloon',
  'viorng',
] as const satisfies readonly (typeof WINDOWS_DRIVERS)[number][];
