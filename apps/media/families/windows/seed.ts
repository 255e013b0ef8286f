import type { MediaRequest } from '#protocol';
import type { AgentInstall } from '../linux/agent-files.js';
import type { SeedFile } from '../seed-file.js';
import { answerFile } from './answer-file.js';
import { diskScript } from './disk-script.js';
import { settingsFile } from './settings.js';
import {
  checkMediumId,
  FINISH_SCRIPT,
  HTTP_SCRIPT,
  INSTALL_SCRIPT,
  NETWORK_SCRIPT,
  REPORT_SCRIPT,
  SETUP_COMPLETE,
  SPECIALIZE_COMMANDS,
  winpeCommands,
} from './setup-scripts.js';

export interface WindowsSeedOptions {
  /** New for each medium; letters, digits and hyphens. */
  instanceId: string;
  /** Opened passwords by user name: the only place that has them, see `windowsPassword`. */
  passwords: ReadonlyMap<string, string>;
  /** UI language of the medium, BCP 47; default en-US. */
  uiLanguage?: string;
  /** `/IMAGE/NAME` in the medium, when it is not the edition's usual one. */
  imageName?: string;
  /**
   * Default: only with a product key of the request's own. With an OEM key Windows leaves SetupComplete.cmd
   * out, and a key does not tell what it is.
   */
  autoLogon?: boolean;
}

/**
 * The files of a Windows seed, drivers apart. Setup reads autounattend.xml at the root; windowsPE and
 * specialize find the others by the marker file.
 * @throws AnswerFileError for a request that `checkWindows` refuses
 */
export function windowsSeed(
  request: MediaRequest,
  install: AgentInstall,
  options: WindowsSeedOptions,
): SeedFile[] {
  const { instanceId, passwords, uiLanguage = 'en-US', imageName } = options;
  const autoLogon = options.autoLogon ?? request.productKey !== undefined;
  const scripts = 'Setup/Scripts';
  return [
    {
      name: 'autounattend.xml',
      content: answerFile(request, { passwords, uiLanguage, imageName, autoLogon }),
    },
    { name: 'infinibay/seed.id', content: dos(`${checkMediumId(instanceId)}\n`) },
    { name: 'infinibay/winpe.cmd', content: dos(winpeCommands(instanceId, request.firmware)) },
    { name: 'infinibay/disk.vbs', content: dos(diskScript(request)) },
    { name: 'infinibay/specialize.cmd', content: dos(SPECIALIZE_COMMANDS) },
    { name: `${scripts}/SetupComplete.cmd`, content: dos(SETUP_COMPLETE) },
    { name: `${scripts}/infinibay/infiniservice-install.ps1`, content: dos(INSTALL_SCRIPT) },
    { name: `${scripts}/infinibay/report.ps1`, content: dos(REPORT_SCRIPT) },
    { name: `${scripts}/infinibay/http.ps1`, content: dos(HTTP_SCRIPT) },
    { name: `${scripts}/infinibay/network.ps1`, content: dos(NETWORK_SCRIPT) },
    { name: `${scripts}/infinibay/finish.ps1`, content: dos(FINISH_SCRIPT) },
    { name: `${scripts}/infinibay/settings.json`, content: dos(settingsFile(request, install, autoLogon)) },
  ];
}

/** cmd loses its way after a `goto` in a file with bare line feeds. */
const dos = (text: string): string => text.replaceAll('\n', '\r\n');
