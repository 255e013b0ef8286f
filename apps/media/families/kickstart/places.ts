import { readScript, renderScript, type ScriptValues } from '#script-files';
import { TELL } from '../linux/installer-scripts.js';

/**
 * In the installer's memory; none of it is among what Anaconda copies to the installed system (its
 * 99-copy-logs.ks).
 */
export const INSTALLER_FOLDER = '/run/infinibay';
/** What %pre writes and ks.cfg includes: the partitioning, and RHEL's subscription, which is secret. */
export const DISK_INCLUDE = `${INSTALLER_FOLDER}/disk.ks`;
export const RHSM_INCLUDE = `${INSTALLER_FOLDER}/rhsm.ks`;

/** A script of this family, filled in. */
export const section = (file: string, values: ScriptValues): string =>
  renderScript(readScript(import.meta.dirname, `scripts/${file}`), values);

/** sh that defines `report`, which does nothing where nothing is reported. */
export const LOAD_REPORT = section('load-report.sh', { FOLDER: INSTALLER_FOLDER });

/** sh that defines `tell` and `power_off`. */
export const POWER_OFF = section('power-off.sh', { TELL });
