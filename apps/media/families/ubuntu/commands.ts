import { posix } from 'node:path';
import type { MediaRequest } from '#protocol';
import { readScript, renderScript } from '#script-files';
import { shWord } from '../../escape.js';
import { SEED_LABELS } from '../labels.js';
import { type AgentInstall, agentFiles, INSTALL_SETTINGS, INSTALL_UNIT } from '../linux/agent-files.js';
import { APT_LOCK_FILE } from '../linux/apt-settings.js';
import { diskMark, diskMarkScript, diskRuleScript } from '../linux/disk-rule.js';
import { APT } from '../linux/distribution.js';
import { INSTALL_ENV, READ_MEDIUM } from '../linux/read-medium.js';
import { checkSettings, putFile, TELL } from '../linux/installer-scripts.js';
import { REPORT_FUNCTION } from '../linux/reporting.js';
import { DISK_PLACEHOLDER } from './disk.js';
import { REMASTERED_MEDIUM } from './installer.js';

/** Subiquity copies its logs and answers to the installed system, with the text of every command in them. */
export const UBUNTU_LEFTOVERS = ['/var/log/installer'] as const;

const SESSION = readScript(import.meta.dirname, 'scripts/session.sh');
const EARLY = readScript(import.meta.dirname, 'scripts/early.sh');
const ERROR = readScript(import.meta.dirname, 'scripts/error.sh');
const LATE = readScript(import.meta.dirname, 'scripts/late.sh');

const session = (install: AgentInstall): string =>
  renderScript(SESSION, {
    CHECK_SETTINGS: checkSettings(
      install,
      '"infinibay: the settings are of medium $INFINIBAY_MEDIUM_ID, and the answers of medium"',
    ),
    DISK_MARK: diskMarkScript(install.mediumId),
    LABEL: SEED_LABELS.cloudInit,
    READ_MEDIUM,
    REMASTERED: shWord(`${REMASTERED_MEDIUM}/${INSTALL_ENV}`),
    REPORT: install.reporting ? REPORT_FUNCTION : null,
    TELL,
  });

/** Takes the settings and chooses the disk before Subiquity looks at any, see `scripts/early.sh`. */
export const earlyCommands = ({ disk }: MediaRequest, install: AgentInstall): string[] => [
  renderScript(EARLY, {
    DISK_PATH: DISK_PLACEHOLDER,
    DISK_RULE: diskRuleScript(disk, diskMark(install.mediumId)),
    SESSION: session(install),
  }),
];

/** See `scripts/error.sh`. Subiquity ignores what they end with. */
export const errorCommands = (install: AgentInstall): string[] => [
  renderScript(ERROR, { SESSION: session(install) }),
];

/** The settings and the agent's files go below /target, see `scripts/late.sh`. */
export const lateCommands = (install: AgentInstall): string[] => [
  renderScript(LATE, {
    DISK_MARK: diskMarkScript(install.mediumId),
    MACHINE_FILES: [...agentFiles(install, APT.places, UBUNTU_LEFTOVERS), APT_LOCK_FILE]
      .map(putFile)
      .join(''),
    SETTINGS: INSTALL_SETTINGS,
    SETTINGS_FOLDER: posix.dirname(INSTALL_SETTINGS),
    UNIT: INSTALL_UNIT,
  }),
];
