import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import {
  A,
  B,
  boot,
  identify,
  install,
  InstallWorld,
  leaveResult,
  LOG,
  SCRIPT,
  SPOOL,
  STAMP,
  stampOf,
  vmOf,
} from '../../../../test/support/installers/install-world.js';
import { MachineRoot } from '../../../../test/support/installers/machine-root.js';
import { CANARY_TOKEN } from '../../../../test/support/media/seeds.js';
import { command } from '../../../../test/support/processes/commands.js';
import { agentFiles, INSTALL_UNIT, packagesDone, RPM_PLACES } from './agent-files.js';

const world = new InstallWorld();
beforeAll(() => world.start());
beforeEach(() => world.forget());
afterAll(() => world.stop());

describe('called by cloud-init, the script', () => {
  it('starts the unit and ends well, whatever becomes of it', async () => {
    const machine = world.system('cloud-image');
    for (const result of ['', 'exit 1\n']) {
      machine.program('systemctl', `#!/bin/sh\necho "systemctl $*" >>/calls\n${result}`);
      expect((await machine.run(['sh', SCRIPT])).code).toBe(0);
      expect(machine.calls()).toEqual([
        'systemctl daemon-reload',
        `systemctl start --no-block ${INSTALL_UNIT}`,
      ]);
    }
    expect(machine.has('var/lib/infinibay')).toBe(false);
  });
});

describe('the unit', () => {
  it.each(['installer', 'cloud-image'] as const)(
    'asks whose medium is there before the agent starts, and is tried again: %s',
    (source) => {
      const files = agentFiles(world.orderOf(A, 'm', source), RPM_PLACES);
      const unit = files.find(({ path }) => path.endsWith(INSTALL_UNIT))?.content ?? '';
      expect(unit).toMatch(/^Before=infiniservice\.service$/m);
      expect(unit).toMatch(new RegExp(`^ExecStartPre=${SCRIPT} identify$`, 'm'));
      expect(unit).toMatch(new RegExp(`^ExecStart=${SCRIPT} install$`, 'm'));
      expect(unit).toMatch(/^Restart=on-failure$/m);
      expect(unit).not.toMatch(/Condition|network-online/);
      const place = world.place();
      command('mkdir', ['-p', place]);
      const file = `${place}/${INSTALL_UNIT}`;
      writeFileSync(file, unit.replaceAll(SCRIPT, '/bin/true'));
      const { stderr } = spawnSync('systemd-analyze', ['verify', '--man=no', file], { encoding: 'utf8' });
      expect(stderr).not.toContain(`${INSTALL_UNIT}:`);
      for (const { path, content } of files.filter(({ mode }) => mode === '0700')) {
        writeFileSync(`${place}/script.sh`, content);
        for (const shell of ['sh', 'bash']) command('shellcheck', ['-s', shell, `${place}/script.sh`]);
        expect(path).toBe(SCRIPT);
      }
    },
  );

  it('waits for a medium of a cloud image, says that none is there, and is tried again', async () => {
    const machine = world.system('cloud-image');
    // Each second of waiting is told, not waited for.
    machine.program('sleep', '#!/bin/sh\necho "sleep $*" >>/calls\n');
    expect(await boot(machine)).toEqual([1]);
    expect(machine.calls().filter((call) => call === 'sleep 1')).toHaveLength(30);
    expect(machine.read(LOG)).toContain('no settings of an install medium');
    machine.attach('CIDATA', await world.medium(world.orderOf(A, 'm1', 'cloud-image')));
    expect(await boot(machine)).toEqual([0, 0]);
  }, 60_000);

  it('has nothing to do without settings on a system that an installer has made', async () => {
    const machine = world.system('installer');
    expect(await boot(machine)).toEqual([0, 0]);
    expect(machine.read(LOG)).toContain('no settings of an install medium');
  });

  it('keeps no more than a megabyte of its log', async () => {
    const machine = world.system('installer');
    machine.write(LOG, 'x'.repeat(1_048_576));
    expect((await identify(machine)).code).toBe(0);
    expect(machine.read(LOG).length).toBeLessThan(1000);
  });
});

/** The agent says that its machine's setup still runs, and is told its end. */
describe('with packages to wait for, the agent', () => {
  const told = async (
    more: { waitsForPackages?: boolean },
    prepare: (machine: MachineRoot) => void = () => undefined,
    during = '',
  ): Promise<string[]> => {
    const machine = world.system('cloud-image');
    const agent = '#!/bin/sh\necho "agent $*" >>/calls\n';
    const script = `#!/bin/sh
echo "setup=$INFINISERVICE_SETUP" >>/calls
mkdir -p /opt/infiniservice && cp ./infiniservice /opt/infiniservice/infiniservice
${during}
`;
    const install = world.orderOf(A, 'm1', 'cloud-image', {
      pins: world.serve(agent, script),
    });
    machine.attach('CIDATA', await world.medium(install, more));
    prepare(machine);
    expect(await boot(machine)).toEqual([0, 0]);
    return machine.calls().filter((call) => /^(setup|agent)/.test(call));
  };
  const done = packagesDone('m1');

  it('is told that they are being installed', async () => {
    expect(await told({ waitsForPackages: true })).toEqual(['setup=running']);
  });
  it('is not, where there are none', async () => {
    expect(await told({})).toEqual(['setup=']);
  });
  it('is not, where they were done before it', async () => {
    expect(await told({ waitsForPackages: true }, (machine) => machine.write(done, ''))).toEqual(['setup=']);
  });
  it('is not for those of another medium', async () => {
    const other = packagesDone('m0');
    expect(await told({ waitsForPackages: true }, (machine) => machine.write(other, ''))).toEqual([
      'setup=running',
    ]);
  });
  it('is told the end when they are done while it is installed', async () => {
    const during = `chmod 755 /opt/infiniservice/infiniservice\n: >${done}`;
    expect(await told({ waitsForPackages: true }, undefined, during)).toEqual([
      'setup=running',
      'agent install --finished',
    ]);
  });
});

/** bash runs the script up to its nth command; what is killed is the script with all that it has started. */
describe('power that goes in the middle', () => {
  const KILLER = "set -T; steps=0; trap 'steps=$((steps+1)); [ $steps -lt $KILL_AT ] || kill -9 0' DEBUG\n";
  let machine: MachineRoot;
  beforeAll(async () => {
    machine = world.system('cloud-image');
    machine.attach('CIDATA', await world.medium(world.orderOf(A, 'm1', 'cloud-image')));
    expect(await boot(machine)).toEqual([0, 0]);
    leaveResult(machine, 'exec-of-a');
    machine.write('killer', KILLER);
    machine.attach('CIDATA', await world.medium(world.orderOf(B, 'm2', 'cloud-image')));
  });

  const copy = (of: MachineRoot): MachineRoot => {
    const place = world.place();
    command('cp', ['-a', of.root, place]);
    return new MachineRoot(place);
  };
  /** @returns whether it came so far */
  const killedAt = async (at: number, word: string, victim: MachineRoot): Promise<boolean> => {
    const run = ['/usr/bin/setsid', '--wait', '/usr/bin/bash', SCRIPT, word];
    const { code } = await victim.run(run, { BASH_ENV: '/killer', KILL_AT: String(at) });
    return code !== 0;
  };
  function expectChange(changed: MachineRoot): void {
    expect(changed.has(`${SPOOL}.${A}/exec-of-a.1/result.json`)).toBe(true);
    expect(changed.has(`${SPOOL}/exec-of-a.1`)).toBe(false);
    expect(changed.has(`${SPOOL}.${A}.again`)).toBe(false);
  }

  it.each([true, false])(
    'of the look at another medium leaves nothing half done at the next start, with its own stamp: %s',
    async (isStamped) => {
      let at = 1;
      for (; ; at += isStamped ? 2 : 5) {
        const victim = copy(machine);
        if (!isStamped) command('rm', [victim.path(STAMP)]);
        const wasKilled = await killedAt(at, 'identify', victim);
        expect([at, (await identify(victim)).code]).toEqual([at, 0]);
        expectChange(victim);
        expect(vmOf(victim)).toBeUndefined();
        expect(victim.has('etc/infiniservice/agent.env')).toBe(false);
        expect(victim.has('run/infinibay/install.env')).toBe(true);
        command('rm', ['-rf', victim.root]);
        if (!wasKilled) break;
      }
      expect(at).toBeGreaterThan(20);
    },
    400_000,
  );

  it('of the installation is made good at the next start', async () => {
    expect((await identify(machine)).code).toBe(0);
    let at = 1;
    for (; ; at += 9) {
      const victim = copy(machine);
      const wasKilled = await killedAt(at, 'install', victim);
      expect([at, await boot(victim)]).toEqual([at, [0, 0]]);
      expectChange(victim);
      expect(victim.read(STAMP)).toBe(stampOf(B, 'm2'));
      expect(vmOf(victim)).toBe(B);
      expect(victim.has('run/infinibay/install.env')).toBe(false);
      victim.attach('CIDATA', null);
      expect(victim.holding(CANARY_TOKEN)).toEqual([]);
      command('rm', ['-rf', victim.root]);
      if (!wasKilled) break;
    }
    expect(at).toBeGreaterThan(40);
    expect((await install(machine)).code).toBe(0);
  }, 400_000);
});
