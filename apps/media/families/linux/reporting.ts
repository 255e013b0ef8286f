import { readScript, renderScript } from '#script-files';
import { shWord } from '../../escape.js';

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
 * Where a machine tells how far its installation is: `POST url` with `Authorization: Bearer token` and the
 * JSON `{"phase": InstallPhase, "reason"?: text, "logTail"?: text, "warnings"?: text[]}`. A report that fails
 * never stops an installation.
 */
export interface Reporting {
  /** `http(s)://host:port/install/events` */
  url: string;
  /** Letters, digits, `-` and `_` only. */
  token: string;
}

/**
 * The one place that says where installations report to, and under which token.
 * @param url where events are taken; without one an installation reports nothing
 */
export function installReporting(url: string | undefined, token: string): Reporting | null {
  return url === undefined ? null : { url, token };
}

/** The settings by which `REPORT_FUNCTION` finds the way, as lines of sh. */
export function reportSettings({ url, token }: Reporting): string {
  return `INFINIBAY_REPORT_URL=${shWord(url)}\nINFINIBAY_REPORT_TOKEN=${shWord(token)}\n`;
}

const JSON_TEXT = readScript(import.meta.dirname, 'scripts/json-text.awk');

/**
 * sh that defines `report PHASE [REASON [LOGFILE [WARNING...]]]`, which reads `reportSettings` from the
 * environment; see `scripts/report.sh`. Its awk program is indented as what stands around it.
 */
export const REPORT_FUNCTION = renderScript(readScript(import.meta.dirname, 'scripts/report.sh'), {
  JSON_TEXT: JSON_TEXT.replace(/^(?=.)/gm, ' '.repeat(8)),
});
