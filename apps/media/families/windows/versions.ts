import { type MediaRequest, nearest } from '#protocol';

/** An edition as a request names it, and as the vendor's medium does. */
export interface WindowsEdition {
  name: string;
  /** `/IMAGE/NAME` in the medium's install.wim. */
  imageName: string;
  /**
   * The key with which setup takes this edition without asking; it activates nothing but a KMS client. Null:
   * setup gets an empty key. Source: Microsoft, "KMS client activation and product keys".
   */
  setupKey: string | null;
}

export interface WindowsVersion {
  version: string;
  title: string;
  kind: 'client' | 'server';
  /** Folder of this version in a virtio-win tree. */
  driverFolder: string;
  architectures: readonly ('x86_64' | 'aarch64')[];
  /** Setup refuses a machine without UEFI, Secure Boot and TPM 2.0 (Microsoft, "Windows 11 requirements"). */
  needsUefi: boolean;
  /** Looks for a TPM 2.0. */
  needsTpm: boolean;
  /** Bytes. Microsoft's least for its disk, unless it is told to look for nothing. */
  leastDisk: number;
  /**
   * The first build of it. Source: Microsoft, "Windows 10/11 release information" and "Windows Server release
   * information".
   */
  firstBuild: number;
  editions: readonly WindowsEdition[];
  defaultEdition: string;
}

/** The same keys serve Windows 10 and 11. Editions without one here are not in Microsoft's list. */
const CLIENT_KEYS: readonly [name: string, key: string | null][] = [
  ['Home', null],
  ['Home N', null],
  ['Home Single Language', null],
  ['Pro', 'W269N-WFGWX-YVC9B-4J6C9-T83GX'],
  ['Pro N', 'MH37W-N47XK-V7XM9-C7227-GCQG9'],
  ['Pro for Workstations', 'NRG8B-VKK3Q-CXVCJ-9G2XF-6Q84J'],
  ['Pro N for Workstations', '9FNHH-K3HBT-3W4TD-6383H-6XYWF'],
  ['Pro Education', '6TP4R-GNPTD-KYYHQ-7B7DP-J447Y'],
  ['Pro Education N', 'YVWGF-BXNMC-HTQYQ-CPQ99-66QFC'],
  ['Education', 'NW6C2-QMPVW-D7KKK-3GKT6-VCFB2'],
  ['Education N', '2WH4N-8QGBV-H22JP-CT43Q-MDWWJ'],
  ['Enterprise', 'NPPR9-FWDCX-D2C8J-H872K-2YT43'],
  ['Enterprise N', 'DPH2V-TTNVB-4X9Q3-TJR4H-KHJW4'],
  ['Enterprise Evaluation', null],
];

/** Bytes: what any of them takes at least. */
export const LEAST_DISK = 32_000_000_000;

const client = (version: '10' | '11', firstBuild: number): WindowsVersion => ({
  version,
  title: `Windows ${version}`,
  kind: 'client',
  driverFolder: `w${version}`,
  architectures: ['x86_64', 'aarch64'],
  needsUefi: version === '11',
  needsTpm: version === '11',
  leastDisk: version === '11' ? 64_000_000_000 : LEAST_DISK,
  firstBuild,
  editions: CLIENT_KEYS.map(([name, setupKey]) => ({
    name,
    imageName: `Windows ${version} ${name}`,
    setupKey,
  })),
  defaultEdition: 'Pro',
});

/** Evaluation media have the same image names as the others, and take none of these keys. */
const server = (
  version: string,
  { firstBuild, needsTpm }: Pick<WindowsVersion, 'firstBuild' | 'needsTpm'>,
  { standardKey, datacenterKey }: Record<'standardKey' | 'datacenterKey', string>,
): WindowsVersion => {
  const title = `Windows Server ${version}`;
  const editions = (['Standard', 'Datacenter'] as const).flatMap((name) =>
    (['', ' Evaluation'] as const).flatMap((evaluation) =>
      (['', ' Core'] as const).map((core) => ({
        name: `${name}${evaluation}${core}`,
        imageName: `${title} SERVER${name.toUpperCase()}${core.trim().toUpperCase()}`,
        setupKey: evaluation ? null : name === 'Standard' ? standardKey : datacenterKey,
      })),
    ),
  );
  return {
    version,
    title,
    kind: 'server',
    driverFolder: `2k${version.slice(2)}`,
    architectures: ['x86_64'],
    needsUefi: false,
    needsTpm,
    leastDisk: LEAST_DISK,
    firstBuild,
    editions,
    defaultEdition: 'Standard',
  };
};

export const WINDOWS_VERSIONS: readonly WindowsVersion[] = [
  client('10', 10240),
  client('11', 22000),
  server(
    '2019',
    { firstBuild: 17763, needsTpm: false },
    { standardKey: 'N69G4-B89J2-4G8F4-WWYCC-J464C', datacenterKey: 'WMDGN-G9PQG-XVVXX-R3X43-63DFG' },
  ),
  server(
    '2022',
    { firstBuild: 20348, needsTpm: true },
    { standardKey: 'VDYBN-27WPP-V4HQT-9VMD4-VMK7H', datacenterKey: 'WX4NM-KYWYW-QJJR4-XV3QB-6VM33' },
  ),
  server(
    '2025',
    { firstBuild: 26100, needsTpm: true },
    { standardKey: 'TVRH6-WHNXV-R9WG3-9XRFY-MY832', datacenterKey: 'D764K-2NDRG-47T6Q-P8T8W-YP6DF' },
  ),
];

/** Known so that its medium can be named in an answer; it is not installed. */
const SERVER_2016 = { version: '2016', kind: 'server', firstBuild: 14393 } as const;

/** The version that a build is of, or null for one that is older than all of them. */
export function versionOfBuild(kind: WindowsVersion['kind'], build: number): string | null {
  const older = [...WINDOWS_VERSIONS, SERVER_2016].filter(
    (known) => known.kind === kind && known.firstBuild <= build,
  );
  return older.sort((a, b) => b.firstBuild - a.firstBuild)[0]?.version ?? null;
}

/** Whether setup looks for a TPM 2.0; the LabConfig bypass is for hosts that have none. */
export const wantsTpm = ({ os, windows }: Pick<MediaRequest, 'os' | 'windows'>): boolean =>
  findWindowsVersion(os.version)?.needsTpm === true && windows?.bypassRequirements !== true;

export const findWindowsVersion = (version: string): WindowsVersion | null =>
  WINDOWS_VERSIONS.find((known) => known.version === version) ?? null;

/**
 * By the request's own name ("Standard Core") or the medium's ("Windows Server 2022 SERVERSTANDARDCORE"), in
 * any case.
 */
export function findEdition(version: WindowsVersion, name: string | undefined): WindowsEdition | null {
  const wanted = (name ?? version.defaultEdition).toLowerCase();
  return (
    version.editions.find((edition) => edition.name.toLowerCase() === wanted) ??
    version.editions.find((edition) => edition.imageName.toLowerCase() === wanted) ??
    version.editions.find(({ name }) => `${version.title} ${name}`.toLowerCase() === wanted) ??
    null
  );
}

export const nearestEdition = (version: WindowsVersion, name: string): string | null =>
  nearest(
    name,
    version.editions.map((edition) => edition.name),
  );
