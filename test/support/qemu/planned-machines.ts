import { copyFileSync, existsSync, mkdirSync, mkdtempSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { CpuLevel, MediaPlan } from '#protocol';
import { command } from '../processes/commands.js';
import { type Running, start } from '../processes/processes.js';
import { waitFor } from '../wait.js';
import { Qmp } from './qmp.js';

/** What a level asks for, by QEMU's names (x86-64 psABI, "Micro-Architecture Levels"). */
const FLAGS: [level: CpuLevel | 'x86-64-v4', flags: string[]][] = [
  ['x86-64', ['lm']],
  ['x86-64-v2', ['cx16', 'lahf-lm', 'popcnt', 'sse4.1', 'sse4.2', 'ssse3']],
  ['x86-64-v3', ['avx', 'avx2', 'bmi1', 'bmi2', 'f16c', 'fma', 'abm', 'movbe', 'xsave']],
  ['x86-64-v4', ['avx512f', 'avx512bw', 'avx512cd', 'avx512dq', 'avx512vl']],
];

/** What a machine has besides the devices and cards of its plan: where these hang, and what a console is. */
const INFRASTRUCTURE =
  /^(screen0|balloon0|scsi0|usb0|keyboard0|virtio-serial0|seed-port|[\w-]+-usb|tpm|type)$/;

/** Machine code for a disk's first sector, which the BIOS starts. */
const BOOT_SECTORS = {
  // mov dx, 0xcf9; mov al, 6; out dx, al: q35's reset register. hlt
  restarts: [0xba, 0xf9, 0x0c, 0xb0, 0x06, 0xee, 0xf4],
  // mov dx, 0x604; mov ax, 0x2000; out dx, ax: ACPI's PM1a_CNT where SeaBIOS puts it. hlt
  'powers off': [0xba, 0x04, 0x06, 0xb8, 0x00, 0x20, 0xef, 0xf4],
};

/** Of what is not called as its role is. */
const FILES: Record<string, string> = { 'system-disk': 'disk', 'vendor-iso': 'vendorIso' };

interface Block {
  device: string;
  qdev?: string;
  inserted?: { file: string; ro: boolean; drv: string };
}

/** QEMU with the command lines of media plans; what it makes of them is asked by its machine protocol. */
export class PlannedMachines {
  private readonly files: Record<string, string>;

  /** @param parent where folders of machines are made; whoever gave it removes it */
  constructor(private readonly parent: string) {
    const file = (name: string, bytes: number): string => {
      const path = join(parent, name);
      writeFileSync(path, '');
      truncateSync(path, bytes);
      return path;
    };
    const images = ['disk', 'seed', 'chain', 'remaster', 'vendorIso', 'kernel', 'initrd'];
    this.files = {
      ...Object.fromEntries(images.map((name) => [name, file(name, 1024 * 1024)])),
      qcow2: join(parent, 'qcow2'),
      // The virt machine's flash has 64 MiB; what is in it does not matter to one that never runs.
      flash: file('flash', 64 * 1024 * 1024),
      console: 'null',
      display: 'none',
    };
    command('qemu-img', ['create', '-q', '-f', 'qcow2', join(parent, 'qcow2'), '1M']);
  }

  /** Everything in which the machine of those arguments is another than the plan's. */
  async differences(plan: MediaPlan): Promise<string[]> {
    return this.with(plan, async (qmp) => {
      const peripheral = await qmp.execute<{ name: string }[]>('qom-list', { path: '/machine/peripheral' });
      const ids = peripheral.map(({ name }) => name);
      const wanted = [
        ...plan.devices.map(({ id }) => String(id)),
        ...plan.cards.map((_card, index) => `card${index}`),
      ];
      return [
        ...wanted.filter((id) => !ids.includes(id)).map((id) => `there is no ${id}`),
        ...ids
          .filter((id) => !wanted.includes(id) && !INFRASTRUCTURE.test(id))
          .map((id) => `the plan does not say what ${id} is`),
        ...(await this.cardDifferences(qmp, plan)),
        ...(await this.diskDifferences(qmp, plan)),
        ...(await this.processorDifferences(qmp, plan)),
        ...(await addedByItself(qmp)),
      ];
    }).catch((error: unknown) => [String(error)]);
  }

  /** Takes the media away as the plan says. @returns what went otherwise */
  async afterDetach(plan: MediaPlan): Promise<string[]> {
    return this.with(plan, async (qmp) => {
      for (const { qmp: commands, waitFor: gone } of plan.detach) {
        for (const { execute, arguments: args } of commands) await qmp.execute(execute, args);
        if (gone)
          await qmp.event(
            ({ event, data }) => event === gone.event && includes(data, gone.data),
            `${gone.event} ${JSON.stringify(gone.data)}`,
            20_000,
          );
      }
      const blocks = await qmp.execute<Block[]>('query-block');
      const files = ['seed', 'chain', 'remaster', 'vendorIso'].map((name) => this.files[name]);
      return blocks.flatMap(({ inserted }) =>
        inserted && files.includes(inserted.file) ? [`${inserted.file} is still attached`] : [],
      );
    });
  }

  /** Lets the system disk end the machine under SeaBIOS. @returns QEMU's event of it */
  async end(
    plan: MediaPlan,
    how: keyof typeof BOOT_SECTORS,
  ): Promise<{ event: string; data: Record<string, unknown> | undefined }> {
    const disk = join(mkdtempSync(join(this.parent, 'end-')), 'disk');
    const sector = Buffer.alloc(1024 * 1024);
    sector.set(BOOT_SECTORS[how]);
    sector.writeUInt16LE(0xaa55, 510);
    writeFileSync(disk, sector);
    const qemu = plan.qemu.map((argument) => argument.replace(',format=qcow2', ',format=raw'));
    // SeaBIOS instead of the firmware that the boot sector is not made for.
    const bios = { ...plan, qemu, firmware: { ...plan.firmware, qemu: [] } };
    return this.with(
      bios,
      async (qmp) => {
        await qmp.execute('cont');
        const { event, data } = await qmp.event(
          ({ event: name }) => name === 'SHUTDOWN' || name === 'RESET',
          'an end',
          60_000,
        );
        return { event, data };
      },
      disk,
    );
  }

  /** Of every model that this QEMU knows, by its flags; null: 32 bits. */
  async modelLevels(): Promise<Map<string, string | null>> {
    const args = ['-nodefaults', '-display', 'none', '-machine', 'none'];
    return this.run('x86_64', args, async (qmp) => {
      const found = new Map<string, string | null>();
      const models = await qmp.execute<{ name: string }[]>('query-cpu-definitions');
      for (const { name } of models.filter(({ name: known }) => !['max', 'host', 'base'].includes(known))) {
        const { model } = await qmp.execute<{ model: { props: Record<string, unknown> } }>(
          'query-cpu-model-expansion',
          { type: 'full', model: { name } },
        );
        const missing = FLAGS.findIndex(([, flags]) => flags.some((flag) => model.props[flag] !== true));
        const levels = missing === -1 ? FLAGS : FLAGS.slice(0, missing);
        found.set(name, levels.at(-1)?.[0] ?? null);
      }
      return found;
    });
  }

  private async cardDifferences(qmp: Qmp, { cards }: MediaPlan): Promise<string[]> {
    const found: string[] = [];
    for (const [index, { mac, model }] of cards.entries()) {
      const path = `/machine/peripheral/card${index}`;
      const has = await qmp.execute<string>('qom-get', { path, property: 'mac' });
      if (has !== mac) found.push(`card${index} has the address ${has} and not ${mac}`);
      const type = await qmp.execute<string>('qom-get', { path, property: 'type' });
      if (!type.startsWith(model)) found.push(`card${index} is ${type}`);
    }
    return found;
  }

  private async diskDifferences(qmp: Qmp, { devices }: MediaPlan): Promise<string[]> {
    const blocks = await qmp.execute<Block[]>('query-block');
    const found: string[] = [];
    for (const { role, id } of devices) {
      if (role === 'channel') continue;
      const block = blocks.find(({ qdev }) => qdev?.split('/').includes(String(id)));
      const file = block?.inserted?.file.split('/').at(-1);
      const wanted = FILES[role] ?? role;
      if (file !== wanted) found.push(`${id} is ${file ?? 'empty'}`);
      if (block?.inserted?.ro !== (role !== 'system-disk')) found.push(`${id} may be written, or may not`);
    }
    return found;
  }

  private async processorDifferences(qmp: Qmp, { machine }: MediaPlan): Promise<string[]> {
    const cpus = await qmp.execute<{ 'qom-path': string }[]>('query-cpus-fast');
    const memory = await qmp.execute<{ 'base-memory': number }>('query-memory-size-summary');
    const [first] = cpus;
    const lacking: string[] = [];
    const levels = FLAGS.slice(0, FLAGS.findIndex(([level]) => level === machine?.cpu.level) + 1);
    for (const flag of levels.flatMap(([, flags]) => flags)) {
      const path = first?.['qom-path'] ?? '';
      if (!(await qmp.execute<boolean>('qom-get', { path, property: flag }))) lacking.push(flag);
    }
    return [
      ...(cpus.length === machine?.cpus ? [] : [`it has ${cpus.length} processors`]),
      ...(memory['base-memory'] / 1024 ** 2 === machine?.memoryMiB
        ? []
        : [`it has ${memory['base-memory']} bytes`]),
      ...(lacking.length > 0 ? [`the processor lacks ${lacking.join(', ')} of ${machine?.cpu.level}`] : []),
    ];
  }

  /** The machine of a plan, all made and not started. */
  private async with<T>(plan: MediaPlan, ask: (qmp: Qmp) => Promise<T>, disk?: string): Promise<T> {
    const folder = mkdtempSync(join(this.parent, 'm-'));
    const arm = plan.machine?.type === 'virt';
    const values: Record<string, string> = {
      ...this.files,
      ...{ ovmfCode: '/usr/share/OVMF/OVMF_CODE_4M.secboot.fd', ovmfVars: join(folder, 'vars') },
      ...{ tpmSocket: join(folder, 'tpm.socket'), tpmState: join(folder, 'tpm') },
      ...(arm ? { ovmfCode: this.files['flash'] ?? '' } : {}),
    };
    copyFileSync(
      arm ? (this.files['flash'] ?? '') : '/usr/share/OVMF/OVMF_VARS_4M.fd',
      values['ovmfVars'] ?? '',
    );
    const args = [...plan.qemu, ...plan.firmware.qemu, ...(plan.tpm?.qemu ?? [])];
    const qcow2 = args.some((argument) => argument.startsWith('file={disk},format=qcow2'));
    // Its own: QEMU locks what it may write.
    values['disk'] = join(folder, 'disk');
    copyFileSync(disk ?? this.files[qcow2 ? 'qcow2' : 'disk'] ?? '', values['disk']);
    const swtpm = plan.tpm && (await startTpm(plan.tpm.swtpm, values));
    try {
      const filled = args.map((argument) => fill(argument, values));
      return await this.run(arm ? 'aarch64' : 'x86_64', ['-S', ...filled], ask, folder);
    } finally {
      await swtpm?.stop('SIGKILL');
    }
  }

  private async run<T>(
    architecture: string,
    args: string[],
    ask: (qmp: Qmp) => Promise<T>,
    folder = mkdtempSync(join(this.parent, 'm-')),
  ): Promise<T> {
    const monitor = join(folder, 'monitor');
    const qemu = start(`qemu-system-${architecture}`, [
      ...['-accel', 'tcg', '-qmp', `unix:${monitor},server=on,wait=off`],
      // Each machine its own sockets.
      ...args.map((argument) =>
        argument
          .replaceAll('{qmpSocket}', join(folder, 'qmp'))
          .replaceAll(join(this.parent, 's,,1'), join(folder, 's,,1')),
      ),
    ]);
    try {
      const qmp = await waitFor(
        async () => {
          if (qemu.child.exitCode !== null) return 'ended' as const;
          return Qmp.connect(monitor);
        },
        { what: 'QEMU to start', deadlineMs: 60_000 },
      );
      if (qmp === 'ended') throw new Error(qemu.output());
      return await ask(qmp);
    } finally {
      await qemu.stop('SIGKILL');
    }
  }
}

const fill = (argument: string, values: Record<string, string>): string =>
  argument.replace(/\{(\w+)\}/g, (all, name: string) =>
    /^net\d+$/.test(name) ? `user,id=${name}` : (values[name] ?? all),
  );

const includes = (has: Record<string, unknown> | undefined, wanted: Record<string, unknown>): boolean =>
  Object.entries(wanted).every(([key, value]) => has?.[key] === value);

/** What nobody asked for is named by nobody: q35's own chips apart, such a device is QEMU's own addition. */
async function addedByItself(qmp: Qmp): Promise<string[]> {
  interface PciDevice {
    qdev_id: string;
    class_info: { class: number; desc?: string };
  }
  const buses = await qmp.execute<{ devices: PciDevice[] }[]>('query-pci');
  // 0x0200 and on: network; 0x0300 and on: display; 0x0c03: USB.
  const asked = (code: number): boolean => [2, 3].includes(code >> 8) || code === 0x0c03;
  return buses
    .flatMap(({ devices }) => devices)
    .filter(({ qdev_id, class_info }) => qdev_id === '' && asked(class_info.class))
    .map(({ class_info }) => `QEMU has added ${class_info.desc ?? class_info.class}`);
}

async function startTpm(args: string[], values: Record<string, string>): Promise<Running> {
  mkdirSync(values['tpmState'] ?? '');
  const swtpm = start('swtpm', [...args.map((argument) => fill(argument, values)), '--terminate']);
  await waitFor(() => existsSync(values['tpmSocket'] ?? ''), { what: 'swtpm to listen' });
  return swtpm;
}
