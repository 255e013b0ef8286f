import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { MediaPlan, MediaRequest } from '#protocol';
import { command } from '../../../test/support/processes/commands.js';
import { mediaRequest } from '../../../test/support/media/media.js';
import { waitFor } from '../../../test/support/wait.js';
import { DELIVERIES } from '../deliveries/deliveries.js';
import { mediaPlan } from './plan.js';

const RELEASES: Record<string, string[]> = {
  ubuntu: ['24.04'],
  fedora: ['43'],
  rhel: ['9'],
  windows: ['10', '11', '2025'],
};

interface Combination {
  request: MediaRequest;
  seedForm: 'iso' | 'fat';
  socketMode: 'connect' | 'listen';
}

/** Every combination that is not refused. */
function combinations(): [string, Combination][] {
  const all: [string, Combination][] = [];
  for (const [family, versions] of Object.entries(RELEASES))
    for (const version of versions)
      for (const architecture of ['x86_64', 'aarch64'])
        for (const firmware of ['uefi', 'bios'])
          for (const source of family === 'windows' ? ['installer'] : ['installer', 'cloud-image'])
            for (const delivery of ['seed', 'chain', 'direct-kernel', 'remaster'])
              for (const match of [
                undefined,
                ...['virtio', 'scsi', 'sata', 'nvme'].map((bus) => ({ bus })),
                { serial: 'DISK-1' },
              ]) {
                // The virt machine has neither BIOS nor SATA.
                if (architecture === 'aarch64' && firmware === 'bios') continue;
                if (architecture === 'aarch64' && match && 'bus' in match && match.bus === 'sata') continue;
                const request = mediaRequest({
                  hostname: 'vm-1',
                  os: { family, version, architecture },
                  ...{ firmware, source, delivery, disk: { match, wipe: true } },
                  vendorIso: `/iso/a "b" & <c>, 'd'.iso`,
                });
                if (DELIVERIES[request.delivery].faults(request).length > 0) continue;
                const disk = match ? Object.values(match).join() : 'any disk';
                for (const seedForm of family === 'windows' ? (['iso', 'fat'] as const) : (['iso'] as const))
                  all.push([
                    [family, version, architecture, firmware, source, delivery, disk, seedForm].join(' '),
                    { request, seedForm, socketMode: all.length % 2 ? 'connect' : 'listen' },
                  ]);
              }
  return all;
}

describe('a media plan', () => {
  const folder = mkdtempSync(join(tmpdir(), 'infinibay-plan-'));
  const cases = combinations();
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  const planOf = ({ request, seedForm, socketMode }: Combination): MediaPlan =>
    mediaPlan(request, {
      seed: '/media/m/seed.iso',
      socket: join(folder, 's,1.socket'),
      socketMode,
      seedForm,
      kernelFiles:
        request.delivery === 'direct-kernel' ? { kernel: '/media/m/a & b', initrd: '/media/m/i' } : null,
    });

  it("is valid to libvirt's schema in every combination", () => {
    expect(cases.length).toBeGreaterThan(150);
    const names = cases.flatMap(([name, combination], index) => {
      const plan = planOf(combination);
      return [plan.libvirtXml, plan.firstStart?.libvirtXml].flatMap((xml, start) => {
        if (xml === undefined) return [];
        const path = join(folder, `${index}-${start}.xml`);
        writeFileSync(path, xml);
        return [[path, `${name} ${start}`] as const];
      });
    });
    // One process for all: virt-xml-validate takes one file, and xmllint is what it runs.
    const schema = '/usr/share/libvirt/schemas/domain.rng';
    const { stderr, status } = spawnSync(
      'xmllint',
      ['--noout', '--relaxng', schema, ...names.map(([path]) => path)],
      { encoding: 'utf8', maxBuffer: 64 * 1024 * 1024 },
    );
    const failed = names.filter(([path]) => !stderr.includes(`${path} validates`)).map(([, name]) => name);
    expect(failed).toEqual([]);
    expect(status).toBe(0);
    const [, first] = cases[0] ?? [];
    if (!first) throw new Error('there is no combination');
    const wrong = join(folder, 'wrong.xml');
    writeFileSync(wrong, planOf(first).libvirtXml.replace("order='1'", "order='first'"));
    expect(spawnSync('virt-xml-validate', [wrong, 'domain']).status).not.toBe(0);
    command('virt-xml-validate', [names[0]?.[0] ?? '', 'domain']);
  }, 120_000);

  describe("as QEMU's arguments", () => {
    let swtpm: ChildProcess;
    const file = (name: string, bytes: number): string => {
      const path = join(folder, name);
      writeFileSync(path, '');
      truncateSync(path, bytes);
      return path;
    };
    const fills: Record<string, string> = {};

    beforeAll(async () => {
      Object.assign(fills, {
        disk: `${file('disk', 1024 * 1024)},format=raw`,
        ...Object.fromEntries(
          ['seed', 'chain', 'remaster', 'vendorIso'].map((name) => [name, file(name, 1024 * 1024)]),
        ),
        ovmfCode: '/usr/share/OVMF/OVMF_CODE_4M.secboot.fd',
        ovmfVars: join(folder, 'vars.fd'),
        tpmSocket: join(folder, 'tpm.socket'),
        tpmState: join(folder, 'tpm'),
        kernel: file('kernel', 4096),
        initrd: file('initrd', 4096),
      });
      command('cp', ['/usr/share/OVMF/OVMF_VARS_4M.fd', fills['ovmfVars'] ?? '']);
      mkdirSync(fills['tpmState'] ?? '');
    });

    const fill = (argument: string): string =>
      argument.replace(/\{(\w+)\}/g, (all, name: string) => fills[name] ?? all);

    /**
     * QEMU makes the whole machine, does not start it, and is told to quit. @returns what it complained about
     */
    function complaint({ qemu, firmware, tpm }: MediaPlan): string {
      const { status, stderr } = spawnSync(
        'qemu-system-x86_64',
        [
          ...['-accel', 'tcg', '-machine', 'q35', '-nodefaults', '-display', 'none', '-S'],
          ...['-monitor', 'stdio'],
          ...[...firmware.qemu, ...(tpm?.qemu ?? []), ...qemu].map(fill),
        ],
        { input: 'quit\n', encoding: 'utf8', timeout: 30_000 },
      );
      return status === 0 ? '' : `exit ${status}: ${stderr}`;
    }

    it('make a machine in every combination', async () => {
      const x86 = cases.filter(([, { request }]) => request.os.architecture === 'x86_64');
      // Versions that differ in nothing, and the sockets' modes, are one machine.
      const machines = new Map(
        x86.map(([name, combination]) => {
          const plan = planOf(combination);
          return [JSON.stringify([plan.qemu, plan.firmware, plan.tpm]), { name, plan }];
        }),
      );
      const faults: string[] = [];
      for (const { name, plan } of machines.values()) {
        if (plan.tpm) {
          const args = plan.tpm.swtpm.map(fill);
          swtpm = spawn('swtpm', [...args, '--terminate'], { stdio: 'ignore' });
          await waitFor(() => spawnSync('test', ['-S', fills['tpmSocket'] ?? '']).status === 0, {
            what: 'swtpm to listen',
          });
        }
        const said = complaint(plan);
        if (said) faults.push(`${name}: ${said}`);
        if (plan.tpm) {
          const ended = new Promise((resolve) => swtpm.once('close', resolve));
          swtpm.kill('SIGTERM');
          await ended;
          rmSync(fills['tpmSocket'] ?? '', { force: true });
        }
      }
      expect(faults).toEqual([]);
      expect(machines.size).toBeGreaterThan(20);
    }, 240_000);

    it('are refused by QEMU when one is wrong', () => {
      const plan = planOf({
        request: mediaRequest({ source: 'installer' }),
        seedForm: 'iso',
        socketMode: 'connect',
      });
      // Two CDs on one SATA port, which is what QEMU does with those that name none.
      const wrong = { ...plan, qemu: plan.qemu.map((argument) => argument.replace(/,bus=ide\.\d/, '')) };
      expect(complaint(plan)).toBe('');
      expect(complaint(wrong)).toMatch(/bus supports only 1 units/);
    });
  });
});
