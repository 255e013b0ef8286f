import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { command } from '../../../../test/support/processes/commands.js';
import { waitFor } from '../../../../test/support/wait.js';
import { FULL_WINDOWS, windowsFiles, windowsRequest } from '../../../../test/support/windows/windows.js';
import { powershellReader } from '../../../../test/support/windows/powershell.js';
import { openWine, type Wine } from '../../../../test/support/windows/wine.js';
import { vbsString } from '../../escape.js';
import { diskScript, READ_DISKS } from './disk-script.js';
import { onSeed } from './setup-scripts.js';
import { WINDOWS_VERSIONS } from './versions.js';

const folder = mkdtempSync(join(tmpdir(), 'infinibay-windows-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const save = (name: string, text: string): string => {
  const path = join(folder, name);
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, text.replace(/\r?\n/g, '\r\n'));
  return path;
};
/** A path as Wine's root drive has it. */
const onZ = (path: string): string => `Z:${path.replaceAll('/', '\\')}`;

describe('PowerShell', () => {
  let faults: (text: string) => string[];
  beforeAll(async () => {
    faults = await powershellReader();
  });
  const scripts = [...windowsFiles(windowsRequest())].filter(([name]) => name.endsWith('.ps1'));

  it.each(scripts)('of %s is whole', (_name, text) => {
    expect(text.length).toBeGreaterThan(500);
    expect(faults(text)).toEqual([]);
  });

  it('that is broken is refused', () => {
    const script = scripts.find(([name]) => name.endsWith('install.ps1'))?.[1] ?? '';
    const broken = [
      script.replace('function Test-Installed {', 'function Test-Installed'),
      script.replace("'icacls could not close '", "'icacls could not close "),
      script.replace('if ($code -ne 0) {', 'if ($code -ne 0 {'),
      script.replace('} catch {', '} catch'),
    ];
    for (const text of broken) {
      expect(text).not.toBe(script);
      expect(faults(text)).not.toEqual([]);
    }
  });
});

describe('the answer file', () => {
  it.each(WINDOWS_VERSIONS.map(({ version }) => version))('for %s is well-formed to xmllint', (version) => {
    const request = windowsRequest({ ...FULL_WINDOWS, os: { family: 'windows', version } });
    const text = windowsFiles(request).get('autounattend.xml') ?? '';
    const file = save(`${version}.xml`, text);
    command('xmllint', ['--noout', '--nonet', file]);
    expect(() => command('xmllint', ['--noout', save('bad.xml', text.replace('</settings>', ''))])).toThrow(
      /mismatch/,
    );
  });
});

interface FakeDisk {
  index: number;
  bytes: number;
  serial?: string;
  bus?: string;
  partitions?: number | null;
  holdsSeed?: boolean;
}
const GB = 1_000_000_000;

describe('under another Windows', () => {
  let wine: Wine;
  beforeAll(async () => {
    wine = await openWine();
  }, 240_000);
  afterAll(() => wine.stop());

  const cscript = (text: string, args: string[] = []): { code: number | null; output: string } =>
    wine.run(['cscript', '//nologo', onZ(save('script.vbs', text)), ...args]);

  it('a VBScript literal is the text that went into it', () => {
    // Printable text: this VBScript has no ChrW.
    const texts = fc.sample(
      fc.string({
        unit: fc.constantFrom(...Array.from({ length: 95 }, (_, i) => String.fromCharCode(32 + i))),
      }),
      60,
    );
    texts.push('" & WScript.Quit & "', '""', "'", '%PATH%', '_');
    const { output } = cscript(texts.map((text) => `WScript.Echo "=" & ${vbsString(text)}\n`).join(''));
    expect(output.split('\n')).toEqual([...texts.map((text) => `=${text}`), '']);
  });

  it.each(['read-disks.vbs', 'choose-disk.vbs'])('%s is VBScript', (name) => {
    // The whole file is compiled before its first statement runs.
    const quits = readFileSync(join(import.meta.dirname, 'scripts', name), 'utf8').replace(
      "' @begin",
      'WScript.Quit 7',
    );
    expect(cscript(quits)).toEqual({ code: 7, output: '' });
    expect(cscript(quits.replace('End Sub', '')).code).not.toBe(7);
  });

  /** The rule with disks that a test gives it; everything else is the script of the seed. */
  const choose = (
    disk: object,
    disks: FakeDisk[],
    firmware = 'uefi',
  ): { code: number | null; output: string } => {
    const fake = disks.map(
      ({
        index,
        bytes,
        serial = '',
        bus = 'virtio',
        partitions = 0,
        holdsSeed = false,
      }) => `  Set item = New Disk
  item.Index = ${index}
  item.Bytes = CDbl("${bytes}")
  item.Serial = ${vbsString(serial)}
  item.Bus = ${vbsString(bus)}
  item.Partitions = ${partitions ?? 'Null'}
  item.HoldsSeed = ${holdsSeed ? 'True' : 'False'}
  Set found(count) = item
  count = count + 1
`,
    );
    const os = { family: 'windows', version: '10' };
    const script = diskScript(windowsRequest({ os, firmware, disk }));
    expect(script).toContain(READ_DISKS);
    return cscript(
      script.replace(
        READ_DISKS,
        `Class Disk
  Public Index
  Public Bytes
  Public Serial
  Public Bus
  Public Partitions
  Public HoldsSeed
End Class
Sub ReadDisks(found, count)
  Dim item
${fake.join('')}End Sub
`,
      ),
    );
  };

  const TWO: FakeDisk[] = [
    { index: 0, bytes: 64 * GB, serial: 'DATA-1', bus: 'sata' },
    { index: 1, bytes: 128 * GB, serial: 'DISK-1', bus: 'virtio' },
  ];

  it.each<[string, object, FakeDisk[], number]>([
    ['the only disk', {}, [{ index: 3, bytes: 64 * GB }], 3],
    [
      'the only disk beside that of the seed and a stick',
      {},
      [
        ...TWO.slice(1),
        { index: 0, bytes: 64 * GB, bus: 'usb' },
        { index: 2, bytes: 64 * GB, holdsSeed: true },
      ],
      1,
    ],
    ['a serial, in any case', { match: { serial: 'disk-1' } }, TWO, 1],
    ['a bus', { match: { bus: 'sata' } }, TWO, 0],
    ['a size', { match: { minBytes: 100 * GB, maxBytes: 200 * GB } }, TWO, 1],
    [
      'a size from which WMI takes the last cylinder',
      { match: { minBytes: 128 * GB, maxBytes: 128 * GB } },
      [
        { index: 0, bytes: 128 * GB - 8_225_279 },
        { index: 1, bytes: 64 * GB },
      ],
      0,
    ],
    [
      'one with partitions that may be wiped',
      { wipe: true },
      [{ index: 0, bytes: 64 * GB, partitions: 3 }],
      0,
    ],
  ])('the rule takes %s', (_what, disk, disks, index) => {
    const { code, output } = choose(disk, disks);
    expect([code, output]).toEqual([0, expect.stringContaining(`select disk ${index}\nonline disk noerr`)]);
    const lines = output.trim().split('\n');
    expect(lines.filter((line) => line === 'clean')).toHaveLength(1);
    // Other disks are only put aside, and the last one selected is the one that is written.
    const selected = lines.slice(0, lines.indexOf('clean')).filter((line) => line.startsWith('select disk'));
    expect(selected.at(-1)).toBe(`select disk ${index}`);
    expect(lines.at(-1)).toBe('rem complete');
  });

  it.each<[string, object, FakeDisk[], RegExp]>([
    ['no disk', {}, [], /no disk matches the rule only/],
    ['two where one was meant', {}, TWO, /2 disks match the rule only, which must choose one/],
    [
      'another serial',
      { match: { serial: 'DISK-2' } },
      TWO,
      /no disk matches the rule serial[^]*serial 'DISK-1'/,
    ],
    ['another bus', { match: { bus: 'nvme' } }, TWO, /no disk matches the rule bus/],
    [
      'two of a bus',
      { match: { bus: 'sata' } },
      TWO.map((disk) => ({ ...disk, bus: 'sata' })),
      /2 disks match/,
    ],
    [
      'a size that no disk has',
      { match: { minBytes: 200 * GB, maxBytes: 300 * GB } },
      TWO,
      /no disk matches the rule size/,
    ],
    [
      'a disk that holds something',
      {},
      [{ index: 0, bytes: 64 * GB, partitions: 2 }],
      /disk 0 has 2 partitions, and the request does not say disk.wipe/,
    ],
    [
      'a disk that does not tell',
      {},
      [{ index: 0, bytes: 64 * GB, partitions: null }],
      /does not tell whether it is empty/,
    ],
    [
      'the disk of the seed',
      { match: { serial: 'DISK-1' }, wipe: true },
      TWO.map((disk) => ({ ...disk, holdsSeed: true })),
      /no disk matches/,
    ],
  ])('the rule refuses %s', (_what, disk, disks, reason) => {
    const { code, output } = choose(disk, disks);
    expect(code).toBe(1);
    expect(output).toMatch(reason);
    expect(output).not.toMatch(/clean|rem complete/);
  });

  it('the layout is that of the firmware', () => {
    const uefi = choose({}, [{ index: 0, bytes: 64 * GB }]).output;
    expect(uefi).toMatch(
      /convert gpt\ncreate partition efi size=300\n[^]*create partition msr size=16\n[^]*set id=de94bba4-06d1-4d40-a16a-bfd50179d6ac\ngpt attributes=0x8000000000000001\n/,
    );
    const bios = choose({}, [{ index: 0, bytes: 64 * GB }], 'bios').output;
    expect(bios).toMatch(/create partition primary size=100\n[^]*active\n[^]*set id=27\n/);
    expect(bios).not.toMatch(/gpt|efi|msr/);
  });

  it('the rule reads real disks by WMI', () => {
    // Wine's WMI has disks with a size, without serial and without a count of partitions.
    const { code, output } = cscript(diskScript(windowsRequest({ disk: { match: { serial: 'none' } } })), [
      'D:',
    ]);
    expect([code, output]).toEqual([
      1,
      expect.stringMatching(/no disk matches the rule serial\.\n {2}disk 0: \d{9,} bytes, bus \w+, serial /),
    ]);
  });

  describe('the commands of Windows PE', () => {
    const seed = join(folder, 'seed');
    const [ram, efi, stubs] = ['ram', 'efi', 'stubs'].map((name) => join(folder, name)) as [
      string,
      string,
      string,
    ];
    beforeAll(() => {
      for (const path of [seed, ram, efi, stubs]) mkdirSync(path, { recursive: true });
      wine.drive('Q', seed);
      wine.drive('X', ram);
      wine.drive('S', efi);
    });

    /** Programs that only Windows has stand for themselves as batch files that say they ran. */
    const place = (more: { choose: string; diskpart?: string }): void => {
      for (const path of [ram, efi]) {
        rmSync(path, { recursive: true, force: true });
        mkdirSync(path);
      }
      const files = windowsFiles(windowsRequest({ os: { family: 'windows', version: '10' } }));
      for (const [name, text] of files) {
        const changed = name.endsWith('winpe.cmd')
          ? text
              .replace('//E:vbscript ', '')
              .replace(/^diskpart/m, 'call diskpart')
              .replace('do drvload', 'do call drvload')
          : text;
        save(`seed/${name}`, name.endsWith('disk.vbs') ? more.choose : changed);
      }
      save('seed/$WinPEDriver$/viostor/viostor.inf', '');
      save('stubs/drvload.cmd', '@echo loaded %1\n');
      save('stubs/diskpart.cmd', more.diskpart ?? '@copy "%~2" X:\\ran.txt >nul\n');
    };

    it('are found on the seed’s drive, load the drivers, and partition what the rule has chosen', () => {
      place({ choose: 'WScript.Echo "select disk 4"\nWScript.Echo "rem complete"\n' });
      const [program = '', ...args] = onSeed('winpe.cmd').split(' ');
      const { code, output } = wine.run([program, ...args], { path: onZ(stubs) });
      expect([code, output]).toEqual([0, expect.stringContaining('loaded')]);
      expect(output).toContain('viostor.inf');
      expect(readFileSync(join(ram, 'ran.txt'), 'utf8')).toContain('select disk 4');
      expect(existsSync(join(efi, 'infinibay/medium-1'))).toBe(true);
    });

    it.each([
      [
        'the rule refuses',
        { choose: 'WScript.Echo "Infinibay: no disk matches."\nWScript.Quit 1\n' },
        /no disk matches\.[^]*no disk was written/,
      ],
      [
        'the rule breaks off',
        { choose: 'WScript.Echo "select disk 4"\n' },
        /select disk 4[^]*no disk was written/,
      ],
      [
        'diskpart fails',
        { choose: 'WScript.Echo "rem complete"\n', diskpart: '@echo No fixed disk.\n@exit /b 5\n' },
        /No fixed disk\.[^]*could not be partitioned/,
      ],
    ])('stop for good when %s', async (_when, files, said) => {
      place(files);
      const running = wine.start(['cmd', '/c', 'Q:\\infinibay\\winpe.cmd'], { path: onZ(stubs) });
      await waitFor(() => said.test(running.output().replaceAll('\r\n', '\n')), {
        what: `the reason, in ${running.output()}`,
        deadlineMs: 60_000,
      });
      // Setup goes on as soon as this returns.
      expect(running.child.exitCode).toBeNull();
      await running.stop('SIGKILL');
      if (!('diskpart' in files)) expect(existsSync(join(ram, 'ran.txt'))).toBe(false);
    });
  });

  it('the commands of the specialize pass copy the scripts into a folder that was closed before, and register the task', () => {
    const [seed, disk, stubs] = ['specialize-seed', 'specialize-disk', 'specialize-stubs'].map((name) =>
      join(folder, name),
    ) as [string, string, string];
    for (const path of [disk, stubs]) mkdirSync(path, { recursive: true });
    for (const [name, text] of windowsFiles(windowsRequest())) save(`specialize-seed/${name}`, text);
    save('specialize-seed/drivers/vioserial/vioser.inf', '');
    save('specialize-seed/drivers/Virtio.cer', '');
    wine.drive('Q', seed);
    wine.drive('R', disk);
    // Programs that only Windows has say how they were called; what they see of the folder at that time is
    // part of it.
    const programs = ['reg', 'icacls', 'certutil', 'pnputil', 'schtasks', 'powershell.exe'];
    for (const program of programs)
      save(
        `specialize-stubs/stand-in-${program}.cmd`,
        `@if exist R:\\Scripts\\infinibay\\settings.json echo secret-is-there>>R:\\calls.txt\n@echo ${program} %*>>R:\\calls.txt\n`,
      );
    const script = join(seed, 'infinibay/specialize.cmd');
    const changed = readFileSync(script, 'utf8')
      .replace(/"SCRIPTS=[^"]*"/, '"SCRIPTS=R:\\Scripts"')
      .replace(/"LOG=[^"]*"/, '"LOG=R:\\log.txt"')
      .replace(
        /^((?:if .* do )|(?:if exist "[^"]*" ))?(reg|icacls|certutil|pnputil|schtasks|powershell\.exe) /gm,
        '$1call stand-in-$2.cmd ',
      );
    writeFileSync(script, changed);
    const [program = '', ...args] = onSeed('specialize.cmd').split(' ');
    const { code, output } = wine.run([program, ...args], { path: onZ(stubs) });
    expect([code, output]).toEqual([0, expect.any(String)]);
    for (const [name, text] of windowsFiles(windowsRequest()))
      if (name.startsWith('Setup/Scripts/'))
        expect([name, readFileSync(join(disk, name.slice('Setup/'.length)), 'utf8')]).toEqual([name, text]);
    const calls = readFileSync(join(disk, 'calls.txt'), 'utf8').replaceAll('\r\n', '\n').trim().split('\n');
    expect(calls.filter((line) => line !== 'secret-is-there').map((line) => line.split(' ')[0])).toEqual([
      ...['reg', 'icacls', 'powershell.exe', 'certutil', 'pnputil', 'powershell.exe', 'schtasks'],
    ]);
    // The folder is closed first, and only then is there something to read in it.
    expect(calls.slice(0, 3).map((line) => line.split(' ')[0])).toEqual(['reg', 'icacls', 'secret-is-there']);
    expect(calls.join('\n')).toMatch(/icacls "R:\\Scripts\\infinibay" \/inheritance:r \/grant:r \*S-1-5-18/);
    expect(calls.join('\n')).toMatch(
      /schtasks \/create \/f \/tn "Infinibay Install" \/sc onstart \/ru SYSTEM .*-Carrier task"/,
    );
  });

  it('SetupComplete.cmd runs the installing script', () => {
    const script = windowsFiles(windowsRequest()).get('Setup/Scripts/SetupComplete.cmd') ?? '';
    const stub = save('setup-stubs/stand-in.cmd', '@echo %*\n@exit /b 5\n');
    const changed = save('setup-complete.cmd', script.replace('powershell.exe', 'call stand-in.cmd'));
    const { code, output } = wine.run(['cmd', '/c', onZ(changed)], { path: onZ(dirname(stub)) });
    // Windows stops its setup for another exit code.
    expect([code, output]).toEqual([0, expect.stringMatching(/install\.ps1" -Carrier setup-complete\n$/)]);
  });
});
