import type { MediaRequest } from '#protocol';
import { readScript, renderScript } from '#script-files';
import { shWord } from '../../escape.js';
import { SEED_LABELS } from '../labels.js';
import { DOWNLOAD_FUNCTION } from './download.js';
import { READ_MEDIUM } from './read-medium.js';
import { REPORT_FUNCTION, type Reporting, reportSettings } from './reporting.js';

/**
 * What the medium pins: nothing that a guest downloads runs before it has this hash, and no more bytes than
 * these are taken.
 */
export interface AgentPins {
  /** Hexadecimal SHA-256. */
  binarySha256: string;
  binaryBytes: number;
  scriptSha256: string;
  scriptBytes: number;
  version: string;
}

export interface AgentInstall {
  vmId: string;
  /** Of the medium: what is installed is bound to it. */
  mediumId: string;
  /**
   * What only this medium carries, 64 hexadecimal digits: who can read the medium has it, and nobody else.
   * Its downloads and its agent's hellos show it.
   */
  mediumProof: string;
  /** Only a cloud image's medium is for a system that is there already. */
  source: MediaRequest['source'];
  /** RHEL's subscription; null: none. */
  rhsm: { organization: string; activationKeys: string[] } | null;
  /** e.g. `http://192.0.2.1:4000` */
  distributionUrl: string;
  pins: AgentPins;
  /** The machine's channel secret, or null when lines to guests are not signed. */
  channelSecret: string | null;
  /** Null: the installation is not reported. */
  reporting: Reporting | null;
}

/** A file that is put on the machine. */
export interface MachineFile {
  path: string;
  /** Octal, as chmod takes it. */
  mode: string;
  content: string;
}

/** Where the agent's part of an installation works, as the family's document has it. */
export interface InstallPlaces {
  script: string;
  log: string;
  /** Where downloads of the installer's last phase go; null: where all others go. */
  work: string | null;
  /** Who runs the script, besides the unit. */
  caller: string;
}

/** The documented place of the installation script on Ubuntu. */
export const INSTALL_SCRIPT = '/var/lib/cloud/scripts/per-instance/infiniservice-install.sh';
export const INSTALL_UNIT = 'infiniservice-install.service';
/** Where an installer's last phase puts the settings of its medium: mode 0600 in a folder of mode 0700. */
export const INSTALL_SETTINGS = '/etc/infinibay/install.env';
/** What we keep on a machine: mode 0700. */
const STATE_FOLDER = '/var/lib/infinibay';
const STAMP = `${STATE_FOLDER}/infiniservice-installed`;

const UNIT_FILE = readScript(import.meta.dirname, 'scripts/infiniservice-install.service');
const INSTALL_FILE = readScript(import.meta.dirname, 'scripts/install.sh');

/** What cloud-init prints. It needs its copies of the answers, which hold no secret: they are left. */
const CLOUD_INIT_LOGS = ['/var/log/cloud-init.log', '/var/log/cloud-init-output.log'] as const;

export const UBUNTU_PLACES: InstallPlaces = {
  script: INSTALL_SCRIPT,
  log: '/var/log/infiniservice_install.log',
  work: null,
  caller: 'cloud-init',
};

/** SELinux lets systemd start what lies in a bin folder (`bin_t`), not what lies in /var/lib. */
export const RPM_PLACES: InstallPlaces = {
  script: '/usr/local/sbin/infiniservice-install',
  log: '/root/infiniservice-install.log',
  work: '/tmp/infiniservice',
  caller: 'the installer',
};

/**
 * That all packages of a cloud image's medium are installed, or were tried long enough: whoever installs them
 * makes this file at the end.
 */
export const packagesDone = (mediumId: string): string => `${STATE_FOLDER}/packages-done.${mediumId}`;

/**
 * The agent's part of an installation, the same for installers and cloud images: it is run once where the
 * family documents it; the unit runs the same script until it has succeeded, also after restarts and without
 * cloud-init. Both share a lock and a stamp. No secret is in these files: the settings come from the medium,
 * by an installer's last phase (`INSTALL_SETTINGS`) or read by the unit itself (cloud images).
 * @param leftovers files and folders in which an installer may keep copies of the settings: those that hold a
 * secret are removed at the first boot
 */
export function agentFiles(
  install: AgentInstall,
  places: InstallPlaces,
  leftovers: readonly string[] = CLOUD_INIT_LOGS,
): MachineFile[] {
  return [
    { path: places.script, mode: '0700', content: script(install, places, leftovers) },
    { path: `/etc/systemd/system/${INSTALL_UNIT}`, mode: '0644', content: unit(places) },
  ];
}

/**
 * Lines of sh with all that is secret: mode 0600, removed when the agent is installed.
 * @param more.waitsForPackages whether the agent has to say that its machine's setup still runs, until
 * `packagesDone` is there
 */
export function installSettings(install: AgentInstall, more: { waitsForPackages?: boolean } = {}): string {
  const { vmId, mediumId, mediumProof, source, distributionUrl, pins, channelSecret, reporting, rhsm } =
    install;
  const lines: [string, string][] = [
    ['INFINIBAY_VM_ID', vmId],
    ['INFINIBAY_MEDIUM_ID', mediumId],
    ['INFINIBAY_MEDIUM_PROOF', mediumProof],
    ['INFINIBAY_SOURCE', source],
    ['INFINIBAY_URL', distributionUrl],
    ['INFINISERVICE_VERSION', pins.version],
    ['INFINISERVICE_SHA256', pins.binarySha256],
    ['INFINISERVICE_BYTES', String(pins.binaryBytes)],
    ['INFINISERVICE_SCRIPT_SHA256', pins.scriptSha256],
    ['INFINISERVICE_SCRIPT_BYTES', String(pins.scriptBytes)],
    ...(more.waitsForPackages ? [['INFINIBAY_SETUP', 'running'] as [string, string]] : []),
    ...(channelSecret === null ? [] : [['INFINISERVICE_SHARED_SECRET', channelSecret] as [string, string]]),
    ...(rhsm
      ? ([
          ['INFINIBAY_RHSM_ORGANIZATION', rhsm.organization],
          // No key holds a comma.
          ['INFINIBAY_RHSM_ACTIVATION_KEYS', rhsm.activationKeys.join(',')],
        ] satisfies [string, string][])
      : []),
  ];
  return (
    lines.map(([name, value]) => `${name}=${shWord(value)}\n`).join('') +
    (reporting ? reportSettings(reporting) : '')
  );
}

const unit = ({ script }: InstallPlaces): string => renderScript(UNIT_FILE, { SCRIPT: script });

const script = (
  { source }: AgentInstall,
  { log, work, caller }: InstallPlaces,
  leftovers: readonly string[],
): string =>
  renderScript(INSTALL_FILE, {
    CALLER: caller,
    CLOUD_IMAGE: source === 'cloud-image',
    DOWNLOAD: DOWNLOAD_FUNCTION,
    LABEL: SEED_LABELS.cloudInit,
    LEFTOVERS: leftovers.map(shWord).join(' '),
    LOG: log,
    PACKAGES_DONE: packagesDone(''),
    READ_MEDIUM,
    REPORT: REPORT_FUNCTION,
    SETTINGS: INSTALL_SETTINGS,
    STAMP,
    STATE_FOLDER,
    UNIT: INSTALL_UNIT,
    WORK: work,
  });
