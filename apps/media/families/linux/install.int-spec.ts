import { rmSync, statSync } from 'node:fs';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import {
  A,
  B,
  boot,
  contentsOf,
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
import type { MachineRoot } from '../../../../test/support/installers/machine-root.js';
import { CANARY_PROOF, CANARY_SECRET, CANARY_TOKEN } from '../../../../test/support/media/seeds.js';
import { INSTALL_SETTINGS } from './agent-files.js';
import { installEnv } from './install-env.js';

const SECRETS = 'etc/infiniservice/agent.env';
const MEDIUM = 'var/lib/infiniservice/medium.json';
const world = new InstallWorld();
beforeAll(() => world.start());
beforeEach(() => world.forget());
afterAll(() => world.stop());

describe.each([
  { shell: 'dash', fetches: 'curl' },
  { shell: 'bash', fetches: 'curl' },
  { shell: 'dash', fetches: 'wget' },
] as const)('with $shell and $fetches', (options) => {
  it('a cloud image takes its medium, and nothing of it stays but what the agent needs', async () => {
    const machine = world.system('cloud-image', options);
    machine.attach('CIDATA', await world.medium(world.orderOf(A, 'm1', 'cloud-image')));
    expect(await boot(machine)).toEqual([0, 0]);
    expect(machine.read(STAMP)).toBe(stampOf(A, 'm1'));
    expect(vmOf(machine)).toBe(A);
    expect(world.events.phases()).toEqual(['first-boot', 'agent-installed']);
    // The medium is unmounted, and may be taken out.
    machine.attach('CIDATA', null);
    expect(machine.holding(CANARY_SECRET)).toEqual([SECRETS]);
    expect(machine.holding(CANARY_TOKEN)).toEqual([]);
    // Both downloads showed the medium's proof, and the agent keeps it for its hellos.
    expect(world.tokens).toEqual([`Bearer ${CANARY_PROOF}`, `Bearer ${CANARY_PROOF}`]);
    expect(machine.holding(CANARY_PROOF)).toEqual([MEDIUM]);
    expect(statSync(machine.path(MEDIUM)).mode & 0o777).toBe(0o600);
    expect(JSON.parse(machine.read(MEDIUM))).toEqual({ id: 'm1', proof: CANARY_PROOF });
    expect(statSync(machine.path('var/lib/infinibay')).mode & 0o777).toBe(0o700);
    expect(statSync(machine.path(LOG)).mode & 0o777).toBe(0o640);
    expect(machine.calls()).toEqual(
      expect.arrayContaining(['systemctl daemon-reload', 'systemctl restart infiniservice.service']),
    );
  });

  it('an installer leaves settings, and the agent is there before the first start or after it', async () => {
    const machine = world.system('installer', options);
    const { content } = installEnv(world.orderOf(A, 'm1', 'installer'));
    machine.write(INSTALL_SETTINGS, content, 0o600);
    machine.write('root/original-ks.cfg', `token ${CANARY_TOKEN}\n`);
    expect((await machine.run(['sh', SCRIPT, 'installer'])).code).toBe(0);
    expect(machine.read(STAMP)).toBe(stampOf(A, 'm1'));
    expect(machine.has(INSTALL_SETTINGS)).toBe(false);
    expect(world.events.phases()).toEqual(['agent-installed']);
    // Its copies come after its last phase.
    expect(machine.has('root/original-ks.cfg')).toBe(true);
    machine.write('var/log/anaconda/ks-script.log', `+ secret=${CANARY_SECRET}\n`);
    machine.write('var/log/anaconda/other.log', 'nothing\n');
    expect(await boot(machine)).toEqual([0, 0]);
    expect(machine.holding(CANARY_TOKEN)).toEqual([]);
    expect(machine.holding(CANARY_SECRET)).toEqual([SECRETS]);
    expect(machine.has('var/log/anaconda/other.log')).toBe(true);
    expect(machine.read(LOG)).toContain('removed /root/original-ks.cfg');
  });
});

describe('what an installer leaves', () => {
  it('is searched at the first start although the agent cannot be installed, and once', async () => {
    const machine = world.system('installer');
    const away = world.orderOf(A, 'm1', 'installer', {
      distributionUrl: 'http://127.0.0.1:1',
      rhsm: { organization: '7', activationKeys: ['ak', 'a-long-activation-key'] },
    });
    machine.write(INSTALL_SETTINGS, installEnv(away).content, 0o600);
    machine.write('root/original-ks.cfg', 'rhsm --organization="7" --activation-key="ak"\n');
    machine.write('var/log/anaconda/packaging.log', 'key a-long-activation-key\n');
    machine.write('var/log/anaconda/harmless.log', 'this is a package of make and rake\n');
    expect(await boot(machine)).toEqual([0, 1]);
    expect(machine.has('root/original-ks.cfg')).toBe(false);
    expect(machine.has('var/log/anaconda/packaging.log')).toBe(false);
    expect(machine.has('var/log/anaconda/harmless.log')).toBe(true);
    expect(statSync(machine.path(INSTALL_SETTINGS)).mode & 0o777).toBe(0o600);
    expect(machine.holding('a-long-activation-key')).toEqual([INSTALL_SETTINGS.slice(1)]);
    machine.write('var/log/anaconda/packaging.log', 'key a-long-activation-key\n');
    expect(await boot(machine)).toEqual([0, 1]);
    expect(machine.has('var/log/anaconda/packaging.log')).toBe(true);
  });
});

describe('nothing that was downloaded runs before its hash matched', () => {
  const changed = (right: Buffer): Buffer =>
    Buffer.from(right.map((byte, index) => byte ^ (index === 0 ? 1 : 0)));
  const longer = (right: Buffer): Buffer => Buffer.concat([right, Buffer.from('\n')]);
  const UNPINNED = 'does not have the sha256 that the install medium names';
  it.each([
    { index: 0, what: 'another byte', wrong: changed, said: UNPINNED },
    { index: 1, what: 'another byte', wrong: changed, said: UNPINNED },
    { index: 0, what: 'one more byte', wrong: longer, said: 'bytes that the install medium names' },
    { index: 1, what: 'one more byte', wrong: longer, said: 'bytes that the install medium names' },
  ])('of the files that it asks for, number $index, which has $what', async ({ index, wrong, said }) => {
    const [name = ''] = [...world.served.keys()].slice(index);
    const machine = world.system('cloud-image');
    machine.attach('CIDATA', await world.medium(world.orderOf(A, 'm1', 'cloud-image')));
    const right = world.served.get(name) ?? world.agent;
    world.served.set(name, wrong(right));
    try {
      expect(await boot(machine)).toEqual([0, 1]);
    } finally {
      world.served.set(name, right);
    }
    expect(machine.read(LOG)).toContain(said);
    expect(machine.has('opt/infiniservice')).toBe(false);
    expect(machine.has(STAMP)).toBe(false);
    expect(machine.has('var/lib/infinibay/download')).toBe(false);
    // The settings wait in memory for the next try.
    expect(statSync(machine.path('run/infinibay/install.env')).mode & 0o777).toBe(0o600);
    expect(await boot(machine)).toEqual([0, 0]);
  });
});

/** One disk, and media in turn. */
describe('a system that is there already', () => {
  let first: string;
  let machine: MachineRoot;
  beforeAll(async () => {
    first = await world.medium(world.orderOf(A, 'm1', 'cloud-image'));
  });
  beforeEach(async () => {
    machine = world.system('cloud-image');
    machine.attach('CIDATA', first);
    expect(await boot(machine)).toEqual([0, 0]);
    leaveResult(machine, 'exec-of-a');
    machine.calls();
    world.forget();
  });

  it('does nothing with the same medium, and a left install.env goes', async () => {
    const before = contentsOf(machine);
    expect(await boot(machine)).toEqual([0, 0]);
    expect(machine.has('run/infinibay/install.env')).toBe(false);
    machine.write(INSTALL_SETTINGS, installEnv(world.orderOf(A, 'm1', 'installer')).content, 0o600);
    machine.attach('CIDATA', null);
    expect(await boot(machine)).toEqual([0, 0]);
    expect(machine.has(INSTALL_SETTINGS)).toBe(false);
    expect(world.downloads).toEqual([]);
    expect(machine.calls().filter((call) => call.includes('infiniservice.service'))).toEqual([]);
    expect(contentsOf(machine)).toBe(before);
  });

  it('becomes another machine with the medium of another, and sends nothing of the old one', async () => {
    const secret = 'f'.repeat(64);
    machine.attach(
      'CIDATA',
      await world.medium(world.orderOf(B, 'm2', 'cloud-image', { channelSecret: secret })),
    );
    expect((await identify(machine)).code).toBe(0);
    // Before the agent could start: it is stopped, and has neither its identity nor its secret.
    expect(machine.calls()).toContain('systemctl stop infiniservice.service');
    expect(vmOf(machine)).toBeUndefined();
    expect(machine.holding(CANARY_SECRET)).toEqual([]);
    expect(machine.has(SPOOL)).toBe(false);
    expect((await install(machine)).code).toBe(0);
    expect(machine.read(STAMP)).toBe(stampOf(B, 'm2'));
    expect(vmOf(machine)).toBe(B);
    expect(machine.read(SECRETS)).toContain(secret);
    expect(machine.has(`${SPOOL}.${A}/exec-of-a.1/result.json`)).toBe(true);
    expect(await world.hello(machine)).not.toContain('exec-of-a');
  });

  it('keeps no secret of the old machine where the new one has none', async () => {
    machine.attach(
      'CIDATA',
      await world.medium(world.orderOf(B, 'm2', 'cloud-image', { channelSecret: null })),
    );
    expect(await boot(machine)).toEqual([0, 0]);
    expect(machine.read(SECRETS)).not.toContain('SHARED_SECRET');
  });

  it('installs anew with another medium of the same machine, and sends what was not acked', async () => {
    machine.attach('CIDATA', await world.medium(world.orderOf(A, 'm2', 'cloud-image')));
    expect((await identify(machine)).code).toBe(0);
    expect(machine.calls()).toContain('systemctl stop infiniservice.service');
    expect((await install(machine)).code).toBe(0);
    expect(machine.read(STAMP)).toBe(stampOf(A, 'm2'));
    expect(await world.hello(machine)).toContain('exec-of-a');
  });

  it('sends what was not acked when it becomes the old machine again', async () => {
    machine.attach('CIDATA', await world.medium(world.orderOf(B, 'm2', 'cloud-image')));
    expect(await boot(machine)).toEqual([0, 0]);
    leaveResult(machine, 'exec-of-b');
    machine.attach('CIDATA', await world.medium(world.orderOf(A, 'm3', 'cloud-image')));
    expect(await boot(machine)).toEqual([0, 0]);
    expect(vmOf(machine)).toBe(A);
    const said = await world.hello(machine);
    expect(said).toContain('exec-of-a');
    expect(said).not.toContain('exec-of-b');
    expect(machine.has(`${SPOOL}.${B}/exec-of-b.1/result.json`)).toBe(true);
  });

  it('knows its agent that no medium has installed', async () => {
    rmSync(machine.path(STAMP));
    machine.attach('CIDATA', await world.medium(world.orderOf(B, 'm2', 'cloud-image')));
    expect(await boot(machine)).toEqual([0, 0]);
    expect(vmOf(machine)).toBe(B);
    expect(machine.has(`${SPOOL}.${A}/exec-of-a.1/result.json`)).toBe(true);
  });

  it('that an installer has made becomes another machine with a medium for a cloud image', async () => {
    world.putFiles(machine, 'installer');
    machine.attach('CIDATA', await world.medium(world.orderOf(B, 'm2', 'cloud-image')));
    expect(await boot(machine)).toEqual([0, 0]);
    expect(vmOf(machine)).toBe(B);
    expect(machine.has(`${SPOOL}.${A}/exec-of-a.1/result.json`)).toBe(true);
  });

  it('does not take what an installer of another machine has left on it', async () => {
    machine.attach('CIDATA', null);
    const { content } = installEnv(world.orderOf(B, 'm2', 'installer'));
    machine.write(INSTALL_SETTINGS, content, 0o600);
    expect(await boot(machine)).toEqual([0, 0]);
    expect(vmOf(machine)).toBe(A);
    expect(machine.has(INSTALL_SETTINGS)).toBe(false);
  });

  it('is installed once, however many try at once', async () => {
    machine.attach('CIDATA', await world.medium(world.orderOf(A, 'm2', 'cloud-image')));
    expect((await identify(machine)).code).toBe(0);
    const runs = await Promise.all([install(machine), install(machine), install(machine)]);
    expect(runs.map(({ code }) => code)).toEqual([0, 0, 0]);
    expect(world.downloads).toHaveLength(2);
  });

  it('goes on without a medium', async () => {
    machine.attach('CIDATA', null);
    expect(await boot(machine)).toEqual([0, 0]);
    expect(vmOf(machine)).toBe(A);
  });

  it.each(['cloud-image', 'installer'] as const)(
    'as it came from a medium of source %s, gets nothing from one that installs, and keeps identity and spool',
    async (source) => {
      world.putFiles(machine, source);
      const before = contentsOf(machine);
      machine.attach('CIDATA', await world.medium(world.orderOf(B, 'm2', 'installer')));
      expect(await boot(machine)).toEqual([0, 0]);
      expect(contentsOf(machine)).toBe(before);
      expect(machine.has('run/infinibay/install.env')).toBe(false);
      expect(machine.holding(B)).toEqual(['media/image']);
      expect(world.downloads).toEqual([]);
      expect(machine.calls().filter((call) => call.includes('infiniservice.service'))).toEqual([]);
      expect(await world.hello(machine)).toContain('exec-of-a');
    },
  );
});
