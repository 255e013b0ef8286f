import type { MediaRequest } from '#protocol';
import { versionOfBuild } from '../families/windows/versions.js';
import type { WimImage } from './wim-xml.js';

type Family = MediaRequest['os']['family'];

export const ISO_VARIANTS = [
  'live-server',
  'desktop',
  'desktop-legacy',
  'legacy-server',
  'dvd',
  'netinst',
  'live',
  'windows',
] as const;
export type IsoVariant = (typeof ISO_VARIANTS)[number];

export interface WindowsEdition {
  /** Setup's InstallFrom index, beginning with 1. */
  index: number;
  name: string;
  editionId: string;
  language: string | null;
}

/** What a vendor's ISO is. */
export interface VendorIso {
  path: string;
  volumeId: string;
  /** As blkid and udev write it; null when the volume has no dates. */
  uuid: string | null;
  family: Family;
  /** As the vendor counts, as exactly as the medium tells: `24.04.1`, `43`, `9.4`, `11`, `2025`. */
  version: string;
  architecture: 'x86_64' | 'aarch64' | 'other';
  variant: IsoVariant;
  /** Windows only. */
  editions?: WindowsEdition[];
  /** Windows only: 26100 is 24H2 and Server 2025. */
  build?: number;
  /** Whether it boots under that firmware, by its El Torito catalog. */
  bios: boolean;
  uefi: boolean;
}

/** What was read from an image that may be a vendor's. */
export interface IsoFacts {
  volumeId: string;
  uuid: string | null;
  bios: boolean;
  uefi: boolean;
  /** Texts of the small files that vendors describe their media in; absent ones are missing. */
  texts: Partial<Record<(typeof ISO_TEXTS)[number], string>>;
  /** Those of ISO_MARKERS that are there. */
  markers: ReadonlySet<string>;
  windows: WimImage[] | null;
}

/** Ubuntu writes the first, Fedora and the RHEL family the others. */
export const ISO_TEXTS = ['.disk/info', '.treeinfo', '.discinfo'] as const;

/** Paths whose presence tells one kind of medium from another. */
export const ISO_MARKERS = [
  'casper/vmlinuz',
  // Subiquity's list of what can be installed, since 21.10 on servers and 23.04 on desktops.
  'casper/install-sources.yaml',
  'images/install.img',
  'LiveOS/squashfs.img',
  'LiveOS/rootfs.img',
  'media.repo',
  'Packages',
  'BaseOS',
  'Minimal',
  'EFI/BOOT/BOOTX64.EFI',
  'EFI/BOOT/BOOTAA64.EFI',
] as const;

/** Where the images of Windows are. */
export const WINDOWS_IMAGES = ['sources/install.wim', 'sources/install.esd', 'sources/install.swm'] as const;

/** Product names and volume ids of the kickstart families. */
const KICKSTART_FAMILIES: { family: Family; product: RegExp; volumeId: RegExp; version: RegExp }[] = [
  {
    family: 'fedora',
    product: /^Fedora\b/i,
    volumeId: /^Fedora-/i,
    version: /(?:-Live|_64|64)-(\d{2,3})(?:-|$)/,
  },
  {
    family: 'rhel',
    product: /^(Red Hat Enterprise Linux|RHEL)\b/i,
    volumeId: /^RHEL-/i,
    version: /^RHEL-(\d+-\d+)/i,
  },
  {
    family: 'rocky',
    product: /^Rocky\b/i,
    volumeId: /^Rocky-/i,
    version: /^Rocky-(?:[A-Za-z-]+-)?(\d+-\d+)/i,
  },
  {
    family: 'alma',
    product: /^AlmaLinux\b/i,
    volumeId: /^AlmaLinux-/i,
    version: /^AlmaLinux-(\d+-\d+)/i,
  },
];

const ARCHITECTURES: Record<string, VendorIso['architecture']> = {
  amd64: 'x86_64',
  x86_64: 'x86_64',
  arm64: 'aarch64',
  aarch64: 'aarch64',
};

const WIM_ARCHITECTURES: Record<number, VendorIso['architecture']> = { 9: 'x86_64', 12: 'aarch64' };

/** @returns null when it is the medium of no family that is known here */
export function describeIso(path: string, facts: IsoFacts): VendorIso | null {
  const { volumeId, uuid, bios, uefi } = facts;
  const base = { path, volumeId, uuid, bios, uefi };
  const found = windows(facts) ?? ubuntu(facts) ?? kickstart(facts);
  return found && { ...base, ...found };
}

type Found = Omit<VendorIso, 'path' | 'volumeId' | 'uuid' | 'bios' | 'uefi'>;

function windows({ windows: images }: IsoFacts): Found | null {
  const [first] = images ?? [];
  if (!images || !first) return null;
  const kind = first.installationType.startsWith('Server') ? 'server' : 'client';
  const build = first.build ?? 0;
  const version = versionOfBuild(kind, build);
  if (!version) return null;
  return {
    family: 'windows',
    version,
    architecture: WIM_ARCHITECTURES[first.architecture ?? -1] ?? 'other',
    variant: 'windows',
    build,
    editions: images.map(({ index, name, editionId, language }) => ({ index, name, editionId, language })),
  };
}

/** `Ubuntu-Server 24.04.1 LTS "Noble Numbat" - Release amd64 (20240827)` */
function ubuntu({ texts, markers }: IsoFacts): Found | null {
  const info = /^Ubuntu(-Server)?\s+(\d\d\.\d\d(?:\.\d+)?)\b.*?(?:-\s+\w+\s+(\w+)\s*\(|$)/m.exec(
    texts['.disk/info'] ?? '',
  );
  if (!info) return null;
  const [, server, version = '', architecture = ''] = info;
  const subiquity = markers.has('casper/install-sources.yaml');
  const live = markers.has('casper/vmlinuz');
  return {
    family: 'ubuntu',
    version,
    architecture: ARCHITECTURES[architecture] ?? 'other',
    variant: server
      ? live
        ? 'live-server'
        : 'legacy-server'
      : // 22.10 and before: Ubiquity, which knows preseed only.
        subiquity && Number.parseFloat(version) >= 23.04
        ? 'desktop'
        : 'desktop-legacy',
  };
}

function kickstart({ volumeId, texts, markers }: IsoFacts): Found | null {
  const tree = treeinfo(texts['.treeinfo'] ?? '');
  const product = tree('general', 'family') ?? tree('release', 'name') ?? tree('product', 'name') ?? '';
  const [, discVersion, discArchitecture] = (texts['.discinfo'] ?? '').split('\n').map((line) => line.trim());
  const rule =
    KICKSTART_FAMILIES.find((candidate) => candidate.product.test(product)) ??
    KICKSTART_FAMILIES.find((candidate) => candidate.volumeId.test(volumeId));
  if (!rule) return null;
  const version =
    tree('general', 'version') ??
    tree('release', 'version') ??
    rule.version.exec(volumeId)?.[1]?.replace('-', '.') ??
    /\d+(\.\d+)?$/.exec(discVersion ?? '')?.[0];
  if (!version) return null;
  const named = tree('general', 'arch') ?? /x86_64|aarch64/.exec(volumeId)?.[0] ?? discArchitecture ?? '';
  const booted = markers.has('EFI/BOOT/BOOTAA64.EFI')
    ? 'aarch64'
    : markers.has('EFI/BOOT/BOOTX64.EFI')
      ? 'x86_64'
      : 'other';
  return {
    family: rule.family,
    version,
    architecture: ARCHITECTURES[named] ?? booted,
    variant: kickstartVariant(volumeId, markers),
  };
}

function kickstartVariant(volumeId: string, markers: ReadonlySet<string>): IsoVariant {
  const live = ['LiveOS/squashfs.img', 'LiveOS/rootfs.img'].some((path) => markers.has(path));
  if (!markers.has('images/install.img') && (live || /-Live\b/i.test(volumeId))) return 'live';
  // A network medium of Fedora has the volume id of the DVD: what it carries tells them apart.
  return ['media.repo', 'Packages', 'BaseOS', 'Minimal'].some((path) => markers.has(path))
    ? 'dvd'
    : 'netinst';
}

/** Reader of the INI text that productmd writes. */
function treeinfo(text: string): (section: string, key: string) => string | undefined {
  const values = new Map<string, string>();
  let section = '';
  for (const line of text.split('\n')) {
    section = /^\[(.+)\]\s*$/.exec(line)?.[1] ?? section;
    // Trimmed outside the pattern: one that gives blanks back tries each of them for each other.
    const [, key, value = ''] = /^([\w-]+)\s*=(.*)$/.exec(line) ?? [];
    if (key && value.trim()) values.set(`${section}.${key}`, value.trim());
  }
  return (name, key) => values.get(`${name}.${key}`);
}
