import { type Fault, FAMILY_RULES, type FamilyRules, type MediaPlan, type MediaRequest } from '#protocol';
import type { Installer } from './installer.js';
import { ANACONDA } from './kickstart/installer.js';
import { kickstartFaults } from './kickstart/faults.js';
import { kickstartSeed } from './kickstart/kickstart.js';
import { SEED_LABELS } from './labels.js';
import type { AgentInstall } from './linux/agent-files.js';
import { cloudSeed } from './linux/cloud-config.js';
import { APT, type Distribution, DNF } from './linux/distribution.js';
import { installEnv } from './linux/install-env.js';
import { installsPackages } from './linux/packages.js';
import type { BootLoader, SeedFile, SeedOrder } from './seed-file.js';
import { ubuntuFaults } from './ubuntu/faults.js';
import { SUBIQUITY } from './ubuntu/installer.js';
import { ubuntuSeed } from './ubuntu/ubuntu.js';
import { seedLoader } from './windows/boot-script.js';
import { checkWindows, passwordFaults } from './windows/check.js';
import { wantedDrivers, type WantedDrivers } from './windows/drivers.js';
import { windowsSeed } from './windows/seed.js';
import { wantsTpm } from './windows/versions.js';

export type FamilyName = MediaRequest['os']['family'];

const MIB = 1_048_576;

/**
 * Everything that differs by family. What is the same for all of them asks this and knows no family by name.
 */
export interface Family extends FamilyRules {
  /** The volume label by which its installer finds the seed. */
  label: string;
  /**
   * Everything in a well-formed request that its installer cannot carry; empty when it can.
   * @param images names of the images on the vendor's medium; null when there are none or they are not known
   */
  faults(request: MediaRequest, images: readonly string[] | null): Fault[];
  /** What the system's own policy would refuse. @param passwords opened, by user name */
  passwordFaults(request: MediaRequest, passwords: ReadonlyMap<string, string>): Fault[];
  /** The files of the seed, of an installation or of a cloud image. */
  seed(request: MediaRequest, install: AgentInstall, order: SeedOrder): SeedFile[];
  /** Bytes that its seed takes while it is built, drivers apart. */
  seedBytes: number;
  /** What makes the seed boot by itself; null: it is for the installer's eyes only. */
  loader(request: MediaRequest, mediaId: string): BootLoader | null;
  /** Null: the vendor's medium starts its installer by itself, and takes no arguments. */
  installer: Installer | null;
  /** What must be found in a tree of virtio drivers; null: it brings its own. */
  drivers(request: MediaRequest): WantedDrivers | null;
  machine: {
    /** Whether installer and system know virtio's disks and network cards by themselves. */
    knowsVirtio: boolean;
    /** Where CDs hang on the `virt` machine of aarch64, which has no SATA. */
    armCdBus: 'usb' | 'scsi';
    /** Whether its installer draws, and takes the clock for UTC because we say so. */
    draws: boolean;
    /** What it asks of UEFI on x86_64. */
    secureBoot: 'off' | 'capable';
    wantsTpm(request: MediaRequest): boolean;
  };
  /** Keys that its vendor's medium waits for before it boots; null: it asks for none. */
  bootPrompt: (Omit<NonNullable<MediaPlan['keys']>, 'when' | 'virsh'> & { virshKey: string }) | null;
  /** After this long an installation has failed: several times what a slow host and network need. */
  limitMinutes: number;
}

const LINUX = {
  passwordFaults: () => [],
  seedBytes: MIB,
  loader: () => null,
  drivers: () => null,
  machine: { knowsVirtio: true, armCdBus: 'scsi', draws: false, secureBoot: 'off', wantsTpm: () => false },
  bootPrompt: null,
  limitMinutes: 90,
} satisfies Partial<Family>;

/** Every Linux medium has its settings in one file of its own, and no secret elsewhere. */
const linuxSeed =
  (distribution: Distribution, installerSeed: Family['seed']): Family['seed'] =>
  (request, install, order) => {
    if (request.source === 'installer')
      return [...installerSeed(request, install, order), installEnv(install)];
    const seed = cloudSeed(request, install, { instanceId: order.mediaId, distribution });
    const waitsForPackages = installsPackages(request, distribution);
    return [...seed, installEnv(install, { waitsForPackages })];
  };

/** Fedora, RHEL and what is built from it. */
const KICKSTART = {
  ...LINUX,
  label: SEED_LABELS.anaconda,
  faults: kickstartFaults,
  seed: linuxSeed(DNF, (request, install, { isBootIso = false }) =>
    kickstartSeed(request, install, { isBootIso }),
  ),
  installer: ANACONDA,
} satisfies Partial<Family>;

/** The one table that knows all families: a new one is a folder with its renderer, and a row here. */
export const FAMILIES: Readonly<Record<FamilyName, Family>> = {
  windows: {
    ...FAMILY_RULES.windows,
    label: SEED_LABELS.windows,
    faults: checkWindows,
    passwordFaults,
    seed: (request, install, { mediaId: instanceId, ...order }) =>
      windowsSeed(request, install, { instanceId, ...order }),
    seedBytes: 16 * MIB,
    loader: seedLoader,
    installer: null,
    drivers: wantedDrivers,
    machine: { knowsVirtio: false, armCdBus: 'usb', draws: true, secureBoot: 'capable', wantsTpm },
    // Its CD asks for about five seconds, some seconds after the start, and boots nothing without a key.
    bootPrompt: { qemuKey: 'ret', virshKey: 'KEY_ENTER', everyMs: 500, forMs: 30_000 },
    // It may fetch updates and restart by itself for an hour of that.
    limitMinutes: 150,
  },
  ubuntu: {
    ...LINUX,
    ...FAMILY_RULES.ubuntu,
    label: SEED_LABELS.cloudInit,
    faults: ubuntuFaults,
    seed: linuxSeed(APT, (request, install, { mediaId }) => ubuntuSeed(request, install, mediaId)),
    installer: SUBIQUITY,
  },
  fedora: { ...KICKSTART, ...FAMILY_RULES.fedora },
  rhel: { ...KICKSTART, ...FAMILY_RULES.rhel },
  rocky: { ...KICKSTART, ...FAMILY_RULES.rocky },
  alma: { ...KICKSTART, ...FAMILY_RULES.alma },
};

/** The volume label of a request's seed: cloud-init looks for its own, whatever the family. */
export const seedLabel = ({ source, os }: MediaRequest): string =>
  source === 'cloud-image' ? SEED_LABELS.cloudInit : FAMILIES[os.family].label;
