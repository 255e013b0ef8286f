import { readScript } from '#script-files';

/** sh that defines `download URL FILE BYTES [TOKEN]`, see `scripts/download.sh`. */
export const DOWNLOAD_FUNCTION = readScript(import.meta.dirname, 'scripts/download.sh');
