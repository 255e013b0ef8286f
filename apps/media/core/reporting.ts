/** Phases of an installation, in the order in which a machine passes them; `failed` may come at any time. */
export const INSTALL_PHASES = [
  'booted',
  'installer-started',
  'partitioning',
  'packages',
  'first-boot',
  'agent-installed',
  'failed',
] as const;
export type InstallPhase = (typeof INSTALL_PHASES)[number];

/**
 * Where a machine tells how far its installation is: `POST url` with `Authorization: Bearer token` and the JSON
 * `{"phase": InstallPhase, "reason"?: text, "logTail"?: text}`. A report that fails never stops an installation.
 */
export interface Reporting {
  /** `http(s)://host:port/install/events` */
  url: string;
  /** Letters, digits, `-` and `_` only. */
  token: string;
}
