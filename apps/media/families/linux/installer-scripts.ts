import { readScript, renderScript } from '#script-files';
import { shWord } from '../../escape.js';
import { type AgentInstall, installSettings, type MachineFile } from './agent-files.js';

/** sh that defines `tell TEXT`, see `scripts/tell.sh`. */
export const TELL = readScript(import.meta.dirname, 'scripts/tell.sh');

const CHECK_SETTINGS = readScript(import.meta.dirname, 'scripts/check-settings.sh');

/**
 * sh that defines `check_settings FILE` for this medium, see `scripts/check-settings.sh`.
 * @param otherMedium a word of sh: what is said of settings of another medium, before the id that was wanted
 */
export const checkSettings = (install: AgentInstall, otherMedium: string): string =>
  renderScript(CHECK_SETTINGS, {
    OTHER_MEDIUM: otherMedium,
    MEDIUM_ID: shWord(install.mediumId),
    NAMES: settingNames(install).join(' '),
  });

/** Names of all that this medium's install.env has. */
const settingNames = (install: AgentInstall): string[] =>
  installSettings(install).match(/^[A-Z][A-Z0-9_]*(?==)/gm) ?? [];

const END = 'END_OF_INFINIBAY_FILE';

/**
 * A call of a script's `put MODE PATH` with a file as its standard input: as it is, so that a reader of the
 * answers sees what is installed. @throws Error for a line that the shell takes for its end
 */
export function putFile({ path, mode, content }: MachineFile): string {
  if (content.split('\n').includes(END)) throw new Error(`${path}: a line is ${END}`);
  return `put ${mode} ${shWord(path)} <<'${END}'\n${content}${END}\n`;
}
