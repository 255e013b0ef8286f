import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { command } from '../processes/commands.js';

const PE = Buffer.concat([Buffer.from('MZ'), Buffer.alloc(4094, 0x90)]);
const CATALOG = Buffer.concat([Buffer.from([0x30, 0x82, 0x01, 0x00]), Buffer.alloc(256, 0x2a)]);

interface StandInDriver {
  inf: string;
  catalog: string;
  className: string;
  files: string[];
  /** UTF-16 with a byte order mark, as some of the real ones are. */
  utf16?: boolean;
}

const DRIVERS: Record<string, StandInDriver> = {
  viostor: { inf: 'viostor.inf', catalog: 'viostor.cat', className: 'SCSIAdapter', files: ['viostor.sys'] },
  vioscsi: { inf: 'vioscsi.inf', catalog: 'vioscsi.cat', className: 'SCSIAdapter', files: ['vioscsi.sys'] },
  NetKVM: {
    inf: 'netkvm.inf',
    catalog: 'netkvm.cat',
    className: 'Net',
    files: ['netkvm.sys', 'netkvmp.exe'],
  },
  vioserial: {
    inf: 'vioser.inf',
    catalog: 'vioser.cat',
    className: 'System',
    files: ['vioser.sys'],
    utf16: true,
  },
  Balloon: {
    inf: 'balloon.inf',
    catalog: 'balloon.cat',
    className: 'System',
    files: ['balloon.sys', 'blnsvr.exe'],
  },
  viorng: {
    inf: 'viorng.inf',
    catalog: 'viorng.cat',
    className: 'System',
    files: ['viorng.sys', 'viorngum.dll'],
  },
};

const infText = (name: string, { catalog, className, files }: StandInDriver): string => `;/*++
; Stand-in for the INF of ${name}; a comment with "quotes" and [brackets]
;--*/
[Version]
Signature   = "$WINDOWS NT$"
Class       = ${className}
ClassGuid   = {4D36E97D-E325-11CE-BFC1-08002BE10318}
Provider    = %Vendor% ; who made it
DriverVer   = 07/21/2023,100.93.104.24000
CatalogFile = ${catalog.toUpperCase()}
PnpLockdown = 1

[DestinationDirs]
DefaultDestDir = 13

[SourceDisksNames]
1 = %DiskName%,,,""

[SourceDisksFiles]
${files.map((file) => `${file} = 1,,`).join('\r\n')}

[Manufacturer]
%Vendor% = Standard,NTamd64.10.0

[Standard.NTamd64.10.0]
%Device% = Install,PCI\\VEN_1AF4&DEV_1001

[Install.NT]
CopyFiles = Copy

[Copy]
${files[0]}

[Strings]
Vendor   = "Stand-in, Inc."
DiskName = "Installation; Disk"
Device   = "Stand-in ${name}"
`;

/** A folder laid out as a virtio-win ISO is, for some Windows and architectures. */
export function makeVirtioTree(
  folder: string,
  {
    systems = ['w10', 'w11', '2k19', '2k22', '2k25'],
    architectures = ['amd64', 'ARM64'],
  }: { systems?: string[]; architectures?: string[] } = {},
): string {
  for (const [name, driver] of Object.entries(DRIVERS))
    for (const system of systems)
      for (const architecture of architectures) {
        const put = (file: string, content: string | Buffer): void => {
          const path = join(folder, name, system, architecture, file);
          mkdirSync(dirname(path), { recursive: true });
          writeFileSync(path, content);
        };
        const text = infText(name, driver).replace(/\r?\n/g, '\r\n');
        put(driver.inf, driver.utf16 ? Buffer.from(`\uFEFF${text}`, 'utf16le') : text);
        put(driver.catalog, CATALOG);
        for (const file of driver.files) put(file, PE);
        // Not part of the driver: symbols, which a seed has no use for.
        put(`${driver.files[0]?.replace(/\.\w+$/, '')}.pdb`, 'Microsoft C/C++ MSF 7.00');
      }
  writeFileSync(join(folder, 'virtio-win-guest-tools.exe'), Buffer.concat([PE, Buffer.alloc(100_000, 1)]));
  mkdirSync(join(folder, 'cert'), { recursive: true });
  writeFileSync(join(folder, 'cert/Virtio_Win_Red_Hat_CA.cer'), CATALOG);
  writeFileSync(join(folder, 'virtio-win_license.txt'), 'A licence.\n');
  return folder;
}

export function makeVirtioIso(tree: string, iso: string): string {
  command('xorriso', ['-as', 'mkisofs', '-quiet', '-J', '-r', '-V', 'virtio-win-0.1.0', '-o', iso, tree]);
  return iso;
}
