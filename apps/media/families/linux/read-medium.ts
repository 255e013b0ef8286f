import { readScript, renderScript } from '#script-files';

/**
 * The one file of a medium that holds secrets: answer files are copied by installers and cloud-init to where
 * others read them, travel in snapshots and templates, and are shown as events.
 */
export const INSTALL_ENV = 'infinibay/install.env';

/** sh that defines `read_medium DEVICE FOLDER FILE SECONDS`, see `scripts/read-medium.sh`. */
export const READ_MEDIUM = renderScript(readScript(import.meta.dirname, 'scripts/read-medium.sh'), {
  INSTALL_ENV,
});
