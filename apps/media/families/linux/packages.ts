import type { MediaRequest } from '#protocol';
import { readScript, renderScript } from '#script-files';
import { shWord } from '../../escape.js';
import { SEED_LABELS } from '../labels.js';
import { type AgentInstall, type MachineFile, packagesDone } from './agent-files.js';
import type { Distribution } from './distribution.js';
import { READ_MEDIUM } from './read-medium.js';
import { REPORT_FUNCTION } from './reporting.js';

export const PACKAGES_UNIT = 'infinibay-packages.service';
/** SELinux lets systemd start what lies there. */
const PACKAGES_SCRIPT = '/usr/local/sbin/infinibay-packages';
const PACKAGES_LOG = '/var/log/infinibay-packages.log';

const SCRIPT_FILE = readScript(import.meta.dirname, 'scripts/packages.sh');
const UNIT_FILE = readScript(import.meta.dirname, 'scripts/infinibay-packages.service');

/** sh that runs a package manager for `scripts/packages.sh`. */
const PACKAGE_MANAGERS: Readonly<Record<Distribution['packageManager'], string>> = {
  apt: readScript(import.meta.dirname, 'scripts/packages-apt.sh'),
  dnf: readScript(import.meta.dirname, 'scripts/packages-dnf.sh'),
};

/** Whether a cloud image installs packages after its start: the agent then says that its setup still runs. */
export const installsPackages = (request: MediaRequest, distribution: Distribution): boolean =>
  request.packages.length + distribution.languagePacks(request).length > 0;

/**
 * What installs the packages of a cloud image, beside the agent: a script and its unit; none when nothing was
 * asked for. cloud-init's own `packages` stand before the agent, wait for a silent server as long as it
 * likes, and one unknown name drops all others.
 */
export function packageFiles(
  request: MediaRequest,
  { mediumId }: AgentInstall,
  distribution: Distribution,
): MachineFile[] {
  if (!installsPackages(request, distribution)) return [];
  const languagePacks = distribution.languagePacks(request);
  const words = (names: readonly string[]): string | null =>
    names.length > 0 ? names.map(shWord).join(' ') : null;
  const done = packagesDone(mediumId);
  const script = renderScript(SCRIPT_FILE, {
    ALL: words([...languagePacks, ...request.packages]),
    DONE: shWord(done),
    LABEL: SEED_LABELS.cloudInit,
    LANGUAGE: words(languagePacks),
    LOG: PACKAGES_LOG,
    MANAGER: PACKAGE_MANAGERS[distribution.packageManager],
    MEDIUM_ID: shWord(mediumId),
    MIRROR: distribution.packageManager === 'dnf' && request.mirror !== undefined,
    PACKAGES: words(request.packages),
    READ_MEDIUM,
    REPORT: REPORT_FUNCTION,
  });
  return [
    { path: PACKAGES_SCRIPT, mode: '0700', content: script },
    {
      path: `/etc/systemd/system/${PACKAGES_UNIT}`,
      mode: '0644',
      content: renderScript(UNIT_FILE, { SCRIPT: PACKAGES_SCRIPT, DONE: done }),
    },
  ];
}
