import { nearest } from '#protocol';

/** An edition as a request names it, and as the vendor's medium does. */
export interface WindowsEdition {
  name: string;
  /** `/IMAGE/NAME` in the medium's install.wim. */
  imageName: string;
  /**
   * The key with which setup takes this edition without asking; it activates nothing but a KMS client. Null: setup gets an empty key.
   * Source: Microsoft, "KMS client activation and product keys".
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

const client = (version: '10' | '11'): WindowsVersion => ({
  version,
  title: `Windows ${version}`,
  kind: 'client',
  driverFolder: `w${version}`,
  architectures: ['x86_64', 'aarch64'],
  needsUefi: version === '11',
  editions: CLIENT_KEYS.map(([name, setupKey]) => ({
    name,
    imageName: `Windows ${version} ${name}`,
    setupKey,
  })),
  defaultEdition: 'Pro',
});

/** Evaluation media have the same image names as the others, and take none of these keys. */
const server = (version: string, standardKey: string, datacenterKey: string): WindowsVersion => {
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
    editions,
    defaultEdition: 'Standard',
  };
};

export const WINDOWS_VERSIONS: readonly WindowsVersion[] = [
  client('10'),
  client('11'),
  server('2019', 'N69G4-B89J2-4G8F4-WWYCC-J464C', 'WMDGN-G9PQG-XVVXX-R3X43-63DFG'),
  server('2022', 'VDYBN-27WPP-V4HQT-9VMD4-VMK7H', 'WX4NM-KYWYW-QJJR4-XV3QB-6VM33'),
  server('2025', 'TVRH6-WHNXV-R9WG3-9XRFY-MY832', 'D764K-2NDRG-47T6Q-P8T8W-YP6DF'),
];

export const findWindowsVersion = (version: string): WindowsVersion | null =>
  WINDOWS_VERSIONS.find((known) => known.version === version) ?? null;

/** By the request's own name ("Standard Core") or the medium's ("Windows Server 2022 SERVERSTANDARDCORE"), in any case. */
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
