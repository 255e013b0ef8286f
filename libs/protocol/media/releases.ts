/**
 * Every release of a Linux family for which media are made: the one place to add one. Renderer, reader,
 * command line and tests ask this table. Windows' versions are in apps/media/families/windows/versions.ts,
 * for nothing else knows them.
 */
import type { MediaRequest } from './request-fields.js';

/** What Anaconda's kickstart of a release has of its own. */
export interface KickstartFacts {
  /** The version by which pykickstart knows its syntax. */
  syntax: string;
  /**
   * The smallest set of packages that the vendor's media have: Fedora's Server DVD has no minimal
   * environment, its `core` is on all media.
   */
  environment: '@core' | '@^minimal-environment';
  /** Has an end-user licence to agree to. */
  eula: boolean;
  /** Where the release's own packages put their signing key. */
  gpgKey: string;
  /** Size of /boot: newer kernels and their initial RAM disks want more. */
  bootMiB: number;
  /**
   * Public lists of mirrors for a boot ISO whose Anaconda knows none itself; null: it does, or there are
   * none. ARCH stands for the architecture.
   */
  mirrorLists: { baseOs: string; appStream: string } | null;
}

/**
 * What a release's programs ask of an x86_64 processor (x86-64 psABI, "Micro-Architecture Levels"). Below it
 * the kernel panics when init starts.
 */
export type CpuLevel = 'x86-64' | 'x86-64-v2' | 'x86-64-v3';

export interface Release {
  family: MediaRequest['os']['family'];
  /** As the vendor counts; RHEL and what is built from it by the major version. */
  version: string;
  /** Whether it stands for others within it, as 24.04 for 24.04.1 and 9 for 9.4. */
  hasPoints: boolean;
  cpu: CpuLevel;
  /** Of another build of the release that its vendor publishes for older processors; null: there is none. */
  olderCpu: CpuLevel | null;
  /** Null: it installs by other answers than a kickstart. */
  kickstart: KickstartFacts | null;
}

const ubuntu = (version: string) =>
  ({
    family: 'ubuntu',
    version,
    hasPoints: true,
    cpu: 'x86-64',
    olderCpu: null,
    kickstart: null,
  }) as const;

const fedora = <V extends string>(version: V) =>
  ({
    family: 'fedora',
    version,
    hasPoints: false,
    cpu: 'x86-64',
    olderCpu: null,
    kickstart: {
      syntax: `F${version}`,
      environment: '@core',
      eula: false,
      gpgKey: '/etc/pki/rpm-gpg/RPM-GPG-KEY-fedora-$releasever-$basearch',
      bootMiB: Number(version) >= 43 ? 2048 : 1024,
      mirrorLists: null,
    },
  }) as const;

/** RHEL's own choices, which what is built from it follows. */
const ENTERPRISE_CPU = { '8': 'x86-64', '9': 'x86-64-v2', '10': 'x86-64-v3' } as const;

const MIRROR_LISTS = {
  rhel: () => null,
  rocky: (version: string) => {
    const list = (repository: string): string =>
      `https://mirrors.rockylinux.org/mirrorlist?arch=ARCH&repo=${repository}-${version}`;
    return { baseOs: list('BaseOS'), appStream: list('AppStream') };
  },
  alma: (version: string) => {
    const list = (repository: string): string =>
      `https://mirrors.almalinux.org/mirrorlist/${version}/${repository}`;
    return { baseOs: list('baseos'), appStream: list('appstream') };
  },
} as const;

const enterprise = <V extends keyof typeof ENTERPRISE_CPU>(
  family: 'rhel' | 'rocky' | 'alma',
  version: V,
  key: string,
  olderCpu: CpuLevel | null = null,
) =>
  ({
    family,
    version,
    hasPoints: true,
    cpu: ENTERPRISE_CPU[version],
    olderCpu,
    kickstart: {
      syntax: `RHEL${version}`,
      environment: '@^minimal-environment',
      eula: true,
      gpgKey: `/etc/pki/rpm-gpg/RPM-GPG-KEY-${key}`,
      bootMiB: version === '10' ? 2048 : 1024,
      mirrorLists: version === '10' ? null : MIRROR_LISTS[family](version),
    },
  }) as const;

export const RELEASES = [
  // Long-term releases with Subiquity, and the interim ones between them.
  ubuntu('20.04'),
  ubuntu('22.04'),
  ubuntu('24.04'),
  ubuntu('24.10'),
  ubuntu('25.04'),
  ubuntu('25.10'),
  ubuntu('26.04'),
  fedora('41'),
  fedora('42'),
  fedora('43'),
  fedora('44'),
  enterprise('rhel', '8', 'redhat-release'),
  enterprise('rhel', '9', 'redhat-release'),
  enterprise('rhel', '10', 'redhat-release'),
  enterprise('rocky', '8', 'rockyofficial'),
  enterprise('rocky', '9', 'Rocky-9'),
  enterprise('rocky', '10', 'Rocky-10'),
  enterprise('alma', '8', 'AlmaLinux'),
  enterprise('alma', '9', 'AlmaLinux-9'),
  // AlmaLinux 10.0's release notes: x86_64_v2 beside x86_64.
  enterprise('alma', '10', 'AlmaLinux-10', 'x86-64-v2'),
] as const satisfies readonly Release[];

/** Fedora by its number, RHEL and what is built from it by its major version: `F43`, `RHEL9`. */
export type KickstartSyntax = NonNullable<(typeof RELEASES)[number]['kickstart']>['syntax'];

/** Each once, in the order of the table. */
export const KICKSTART_SYNTAXES: readonly KickstartSyntax[] = [
  ...new Set(RELEASES.flatMap(({ kickstart }) => (kickstart ? [kickstart.syntax] : []))),
];

/** Versions of a family, as a request names them; none for Windows. */
export const versionsOf = (family: Release['family']): string[] =>
  RELEASES.filter((release) => release.family === family).map(({ version }) => version);

/** The release that is meant, or null when there are no media for it. */
export function findRelease({
  family,
  version,
}: Pick<MediaRequest['os'], 'family' | 'version'>): Release | null {
  const [, whole = version] = /^(.+)\.\d+$/.exec(version) ?? [];
  const isMeant = (release: Release): boolean =>
    release.family === family &&
    (release.version === version || (release.hasPoints && release.version === whole));
  return RELEASES.find(isMeant) ?? null;
}

/** What a release has of its own for its kickstart, or null when it is none that a kickstart installs. */
export const kickstartRelease = (os: Pick<MediaRequest['os'], 'family' | 'version'>): KickstartFacts | null =>
  findRelease(os)?.kickstart ?? null;

/** Ubuntu's releases in words: those with long-term support first, the newest before the older. */
export function longTermFirst(versions: readonly string[]): string {
  const newestFirst = [...versions].sort().reverse();
  const isLongTerm = (version: string): boolean => /^\d[02468]\.04$/.test(version);
  return [...newestFirst.filter(isLongTerm), ...newestFirst.filter((version) => !isLongTerm(version))].join(
    ', ',
  );
}
