import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from '@jest/globals';
import pLimit from 'p-limit';
import { CPU_MODELS, levelOfModel, RELEASES } from '#protocol';
import { command } from '../../../test/support/processes/commands.js';
import { mediaRequest } from '../../../test/support/media/media.js';
import {
  type Combination,
  eachPair,
  planCombinations,
  planOf,
} from '../../../test/support/media/plan-combinations.js';
import { PlannedMachines } from '../../../test/support/qemu/planned-machines.js';

describe('a media plan', () => {
  const folder = mkdtempSync(join(tmpdir(), 'infinibay-plan-'));
  const cases = planCombinations();
  const plans = cases.map((combination) => ({ ...combination, plan: planOf(combination, folder) }));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  it('is made for every release and architecture that there is, in every way in which they are delivered', () => {
    const ways = new Set(
      cases.map(({ request: { os, source, delivery } }) =>
        [os.family, os.version, os.architecture, source, delivery].join(' '),
      ),
    );
    for (const { family, version } of RELEASES)
      for (const architecture of ['x86_64', 'aarch64'])
        for (const way of [
          'cloud-image seed',
          'installer seed',
          'installer direct-kernel',
          'installer remaster',
          // There is no boot loader for a chain ISO on aarch64.
          ...(architecture === 'x86_64' ? ['installer chain'] : []),
        ])
          expect(ways).toContain(`${family} ${version} ${architecture} ${way}`);
    expect([...ways].filter((way) => way.startsWith('windows'))).toHaveLength(7);
  });

  it("is valid to libvirt's schema in every combination, at the first start and later", () => {
    const files = new Map(
      plans.flatMap(({ name, plan }) => [
        [plan.firstStart.libvirtXml, `${name}, first start`] as const,
        [plan.libvirtXml, name] as const,
      ]),
    );
    const named = [...files].map(([xml, name], index) => {
      const path = join(folder, `${index}.xml`);
      writeFileSync(path, xml);
      return { path, name };
    });
    // One process for all: virt-xml-validate takes one file, and xmllint is what it runs.
    const { stderr, status } = spawnSync(
      'xmllint',
      ['--noout', '--relaxng', '/usr/share/libvirt/schemas/domain.rng', ...named.map(({ path }) => path)],
      { encoding: 'utf8', maxBuffer: 64 * 1024 * 1024, timeout: 120_000 },
    );
    const valid = new Set([...stderr.matchAll(/^(.*) validates$/gm)].map(([, path]) => path));
    expect(named.filter(({ path }) => !valid.has(path)).map(({ name }) => name)).toEqual([]);
    expect(status).toBe(0);
    const [first] = plans;
    const wrong = join(folder, 'wrong.xml');
    writeFileSync(wrong, first?.plan.libvirtXml.replace("order='1'", "order='first'") ?? '');
    expect(spawnSync('virt-xml-validate', [wrong, 'domain']).status).not.toBe(0);
    command('virt-xml-validate', [named[0]?.path ?? '', 'domain']);
  }, 180_000);

  describe("as QEMU's arguments", () => {
    const machines = new PlannedMachines(folder);

    /** What makes one command line another. */
    const properties = ({ request, plan, socketMode }: (typeof plans)[number]) => ({
      interacting: [
        `machine ${plan.machine?.type} ${plan.firmware.type} ${plan.firmware.secureBoot} ${plan.tpm?.version}`,
        `disk ${plan.devices[0]?.bus} ${request.disk.match && 'serial' in request.disk.match}`,
        `media ${plan.devices
          .slice(1)
          .map(({ role, bus, kind }) => [role, bus, kind].join(' '))
          .join()}`,
      ],
      alone: [
        `processor ${plan.machine?.cpu.qemu} for ${plan.machine?.cpu.level}`,
        `cards ${plan.machine?.type} ${plan.cards.map(({ model, name }) => `${model} ${name}`).join()}`,
        `format ${request.resources.diskFormat}`,
        `socket ${socketMode}`,
      ],
    });

    it('make a machine that has what the plan says, and nothing else', async () => {
      const chosen = eachPair(plans, properties);
      const together = pLimit(3);
      const faults = await Promise.all(
        chosen.map(({ name, plan }) =>
          together(async () => {
            const found = await machines.differences(plan);
            return found.map((what) => `${name}: ${what}`);
          }),
        ),
      );
      expect(faults.flat()).toEqual([]);
      expect(chosen.length).toBeGreaterThan(40);
    }, 300_000);

    const one = (more: object = {}): Combination => ({
      name: 'one',
      request: mediaRequest({ source: 'installer', ...more }),
      ...{ seedForm: 'iso', socketMode: 'connect' },
    });

    it('are seen to be wrong: two CDs on a port, another address, a card too many, a lesser processor', async () => {
      const plan = planOf(one({ os: { family: 'rocky', version: '10' } }), folder);
      const changed = (from: string | RegExp, to: string) => ({
        ...plan,
        qemu: plan.qemu.map((argument) => argument.replace(from, to)),
      });
      expect(await machines.differences(plan)).toEqual([]);
      expect(await machines.differences(changed(/,bus=ide\.\d/, ''))).toEqual([
        expect.stringMatching(/bus supports only 1 units/),
      ]);
      expect(await machines.differences(changed(/mac=../, 'mac=06'))).toEqual([
        expect.stringMatching(/^card0 has the address 06/),
      ]);
      expect(
        await machines.differences({ ...plan, qemu: [...plan.qemu, '-device', 'e1000e,id=more,romfile='] }),
      ).toEqual(['the plan does not say what more is']);
      expect(await machines.differences(changed(/^max$/, 'Nehalem'))).toEqual([
        expect.stringMatching(/^the processor lacks avx.* of x86-64-v3$/),
      ]);
    }, 120_000);

    it('end as the plan says: QEMU tells a restart from a power-off, and one that was told not to restart', async () => {
      const chain = planOf(one({ delivery: 'chain', vendorIso: '/iso/u.iso' }), folder);
      const kernel = planOf(one({ delivery: 'direct-kernel', vendorIso: '/iso/u.iso' }), folder);
      expect(await machines.end(chain, 'restarts')).toEqual(chain.ends?.installed.qmp);
      expect(await machines.end(chain, 'powers off')).toEqual(chain.ends?.failed.qmp);
      // The boot sector stands for the kernel.
      const quits = { ...kernel, qemu: [...kernel.qemu, ...kernel.firstStart.qemu.slice(-1)] };
      expect(await machines.end(quits, 'restarts')).toEqual(kernel.ends?.installed.qmp);
      expect(await machines.end(quits, 'powers off')).toEqual(kernel.ends?.failed.qmp);
    }, 120_000);

    it('name devices that QEMU takes away as the plan says', async () => {
      for (const plan of [
        planOf(one({ delivery: 'chain', vendorIso: '/iso/u.iso' }), folder),
        planOf(one({ os: { family: 'windows', version: '10' }, virtioDrivers: '/iso/v.iso' }), folder),
        planOf({ ...one({ os: { family: 'windows', version: '11' } }), seedForm: 'fat' }, folder),
        planOf(
          one({
            os: { family: 'windows', version: '11', architecture: 'aarch64' },
            virtioDrivers: '/iso/v.iso',
          }),
          folder,
        ),
        planOf(one({ os: { family: 'fedora', version: '43', architecture: 'aarch64' } }), folder),
      ])
        expect(await machines.afterDetach(plan)).toEqual([]);
    }, 120_000);

    it('know the processor models of the table, each with its level', async () => {
      const levels = await machines.modelLevels();
      expect(levels.size).toBeGreaterThan(100);
      for (const [name, level] of levels) expect([name, levelOfModel(name)]).toEqual([name, level]);
      // Those that are newer than the QEMU here stand in QEMU's own table alone.
      expect(CPU_MODELS.length).toBeGreaterThanOrEqual(levels.size);
    }, 60_000);
  });
});
