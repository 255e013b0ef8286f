import { readScript, renderScript } from '#script-files';
import type { SeedFile } from '../seed-file.js';
import { type AgentInstall, installSettings } from './agent-files.js';

/**
 * The one file of a medium that holds secrets: answer files are copied by installers and cloud-init to where
 * others read them, travel in snapshots and templates, and are shown as events.
 */
export const INSTALL_ENV = 'infinibay/install.env';

/** Lines of sh, for the root of a Linux medium. */
export const installEnv = (install: AgentInstall, more: { waitsForPackages?: boolean } = {}): SeedFile => ({
  name: INSTALL_ENV,
  content: installSettings(install, more),
});

/** sh that defines `read_medium DEVICE FOLDER FILE SECONDS`, see `scripts/read-medium.sh`. */
export const READ_MEDIUM = renderScript(readScript(import.meta.dirname, 'scripts/read-medium.sh'), {
  INSTALL_ENV,
});
