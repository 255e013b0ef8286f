import { readScript, renderScript } from '#script-files';
import { shWord } from '../../escape.js';

/**
 * Where a machine tells how far its installation is: `POST url` with `Authorization: Bearer token` and the
 * JSON `{"phase": text, "reason"?: text, "logTail"?: text, "warnings"?: text[]}`. A report that fails
 * never stops an installation. Phases in the order in which a machine passes them: `booted`,
 * `installer-started`, `partitioning`, `packages`, `first-boot`, `agent-installed`; `failed` may come at any
 * time.
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
