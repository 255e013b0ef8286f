import type { MediaRequest } from '#protocol';

/** What a release's Anaconda takes, where releases differ. Checked with pykickstart 3.78 in kickstart.int-spec.ts. */
export interface KickstartRelease {
  /** The version by which pykickstart knows its syntax. */
  syntax: string;
  /** The smallest set of packages that the vendor's media have: Fedora's Server DVD has no minimal environment, its `core` is on all media. */
  environment: '@core' | '@^minimal-environment';
  /** Has an end-user licence to agree to. */
  eula: boolean;
  /** Where the release's own packages put their signing key. */
  gpgKey: string;
  /** Lines of older kickstarts that it refuses, and what to write instead. */
  dropped: Readonly<Record<string, string>>;
}

/** Gone from every release of the table. */
const DROPPED_EVERYWHERE = {
  install: 'leave it out',
  'auth --enableshadow': 'authselect',
  'authconfig --enableshadow': 'authselect',
  'ignoredisk --interactive': 'ignoredisk --only-use',
  'bootloader --upgrade': 'leave it out',
  upgrade: 'leave it out',
  interactive: 'leave it out',
} as const;

const DROPPED_SINCE_RHEL9 = {
  ...DROPPED_EVERYWHERE,
  autostep: 'leave it out',
  'timezone UTC --isUtc': 'timezone --utc',
  'timezone UTC --nontp': 'timesource --ntp-disable',
  'timezone UTC --ntpservers=192.0.2.1': 'timesource --ntp-server',
  'logging --level=info': 'the inst.debug boot option',
} as const;

const NO_VNC = { vnc: 'rdp' } as const;
const NO_MODULES = { 'module --name=nodejs': 'packages without a stream' } as const;
const NO_TEAMS = { 'network --device=eth0 --teamslaves=eth1': 'network --bondslaves' } as const;
const NO_BTRFS = { 'btrfs none --data=0 pv.1': 'part or logvol with xfs' } as const;

const fedora = (syntax: string, more: Record<string, string> = {}): KickstartRelease => ({
  syntax,
  environment: '@core',
  eula: false,
  gpgKey: '/etc/pki/rpm-gpg/RPM-GPG-KEY-fedora-$releasever-$basearch',
  dropped: { ...DROPPED_SINCE_RHEL9, ...NO_MODULES, ...more },
});

const enterprise = (syntax: string, dropped: Record<string, string>): Omit<KickstartRelease, 'gpgKey'> => ({
  syntax,
  environment: '@^minimal-environment',
  eula: true,
  dropped,
});

const FEDORA: Readonly<Record<string, KickstartRelease>> = {
  '41': fedora('F41'),
  '42': fedora('F42'),
  '43': fedora('F43', NO_VNC),
  '44': fedora('F44', NO_VNC),
};

const ENTERPRISE: Readonly<Record<string, Omit<KickstartRelease, 'gpgKey'>>> = {
  '8': enterprise('RHEL8', {
    ...DROPPED_EVERYWHERE,
    ...NO_BTRFS,
    'timesource --ntp-disable': 'timezone --nontp',
  }),
  '9': enterprise('RHEL9', { ...DROPPED_SINCE_RHEL9, ...NO_BTRFS }),
  '10': enterprise('RHEL10', {
    ...DROPPED_SINCE_RHEL9,
    ...NO_BTRFS,
    ...NO_VNC,
    ...NO_MODULES,
    ...NO_TEAMS,
  }),
};

const GPG_KEYS: Readonly<Record<string, (major: string) => string>> = {
  rhel: () => 'RPM-GPG-KEY-redhat-release',
  rocky: (major) => (major === '8' ? 'RPM-GPG-KEY-rockyofficial' : `RPM-GPG-KEY-Rocky-${major}`),
  alma: (major) => (major === '8' ? 'RPM-GPG-KEY-AlmaLinux' : `RPM-GPG-KEY-AlmaLinux-${major}`),
};

export const KICKSTART_VERSIONS: Readonly<Record<'fedora' | 'rhel' | 'rocky' | 'alma', readonly string[]>> = {
  fedora: Object.keys(FEDORA),
  rhel: Object.keys(ENTERPRISE),
  rocky: Object.keys(ENTERPRISE),
  alma: Object.keys(ENTERPRISE),
};

/** The row of a release, or null when it is none of ours. RHEL and its kin may be named with their minor version, such as 9.4. */
export function kickstartRelease({ family, version }: MediaRequest['os']): KickstartRelease | null {
  if (family === 'fedora') return Object.hasOwn(FEDORA, version) ? (FEDORA[version] ?? null) : null;
  const key = GPG_KEYS[family];
  const [, major = ''] = /^(\d+)(?:\.\d+)?$/.exec(version) ?? [];
  const row = Object.hasOwn(ENTERPRISE, major) ? ENTERPRISE[major] : undefined;
  return key && row ? { ...row, gpgKey: `/etc/pki/rpm-gpg/${key(major)}` } : null;
}
