import { createHash } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { connect, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { MediaRequest } from '#protocol';
import { AGENT } from '../../../../test/support/apps/apps.js';
import { MachineRoot, type MachineRun } from '../../../../test/support/installers/machine-root.js';
import { CANARY_SECRET, CANARY_TOKEN, SEED_INSTALL } from '../../../../test/support/media/seeds.js';
import { command } from '../../../../test/support/processes/commands.js';
import { start } from '../../../../test/support/processes/processes.js';
import { EventServer } from '../../../../test/support/servers/event-server.js';
import { waitFor } from '../../../../test/support/wait.js';
import { makeSeedImage } from '../../image/iso.js';
import { writeSeedFolder } from '../../image/seed-folder.js';
import { type AgentInstall, agentFiles, INSTALL_SETTINGS, packagesDone, RPM_PLACES } from './agent-files.js';
import { installEnv } from './install-env.js';

const A = 'aaaaaaaa-0000-4000-8000-000000000001';
const B = 'bbbbbbbb-0000-4000-8000-000000000002';
const SCRIPT = RPM_PLACES.script;
const STAMP = 'var/lib/infinibay/infiniservice-installed';
const SPOOL = 'var/lib/infiniservice/spool';
const SECRETS = 'etc/infiniservice/agent.env';
const LOG = 'root/infiniservice-install.log';
const LEFTOVERS = ['/root/original-ks.cfg', '/var/log/anaconda'];
const agent = readFileSync(AGENT);
const installer = readFileSync(join(AGENT, '../../../install/install-linux.sh'));
const hash = (bytes: Buffer): string => createHash('sha256').update(bytes).digest('hex');

const folder = mkdtempSync(join(tmpdir(), 'infinibay-install-'));
const events = new EventServer();
/** The distribution: the real agent and its script, by hash. */
const served = new Map([agent, installer].map((bytes) => [hash(bytes), bytes] as const));
const downloads: string[] = [];
let server: Server;
let url = '';
let reportUrl = '';

beforeAll(async () => {
  server = createServer((request, response) => {
    const name = request.url?.split('/').pop() ?? '';
    const bytes = served.get(name);
    downloads.push(name);
    response.writeHead(bytes ? 200 : 404).end(bytes);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  reportUrl = await events.listen();
});
beforeEach(() => {
  events.reports.length = 0;
  downloads.length = 0;
});
afterAll(async () => {
  server.close();
  await events.close();
  rmSync(folder, { recursive: true, force: true });
});

let count = 0;
const place = (): string => join(folder, String((count += 1)));

const orderOf = (
  vmId: string,
  mediumId: string,
  source: MediaRequest['source'],
  more: Partial<AgentInstall> = {},
): AgentInstall => ({
  ...SEED_INSTALL,
  ...{ vmId, mediumId, source, distributionUrl: url },
  pins: { binarySha256: hash(agent), scriptSha256: hash(installer), version: '0.1.0' },
  reporting: { url: reportUrl, token: CANARY_TOKEN },
  ...more,
});

/** A medium with nothing but its settings. */
async function medium(install: AgentInstall, more: { waitsForPackages?: boolean } = {}): Promise<string> {
  const [contents, image] = [place(), `${place()}.iso`];
  const names = await writeSeedFolder(contents, [installEnv(install, more)]);
  await makeSeedImage({ folder: contents, image, label: 'CIDATA', names, sourceDateEpoch: 0 });
  return image;
}

/** A system with the machine's files, as an installer or cloud-init has put them there. */
function system(source: MediaRequest['source'], options = {}): MachineRoot {
  const machine = new MachineRoot(place(), options);
  for (const { path, content, mode } of agentFiles(orderOf(A, 'm', source), RPM_PLACES, LEFTOVERS))
    machine.write(path, content.replace('--retry 5', '--retry 0'), parseInt(mode, 8));
  return machine;
}

const identify = (machine: MachineRoot): Promise<MachineRun> => machine.run(['sh', SCRIPT, 'identify']);
const install = (machine: MachineRoot): Promise<MachineRun> => machine.run(['sh', SCRIPT, 'install']);
/** As the unit does. */
async function boot(machine: MachineRoot): Promise<(number | null)[]> {
  const first = await identify(machine);
  return first.code === 0 ? [0, (await install(machine)).code] : [first.code];
}

const vmOf = (machine: MachineRoot): string | undefined =>
  /^INFINIBAY_VM_ID=(.*)$/m.exec(machine.read('etc/environment'))?.[1];
const stampOf = (vm: string, mediumId: string): string => `VM_ID=${vm}\nMEDIUM_ID=${mediumId}\n`;

/** A result that the host has not acked, as an agent leaves it. */
function leaveResult(machine: MachineRoot, executionId: string, at = SPOOL): void {
  const zero = '0'.repeat(64);
  const result = {
    ...{ timestamp: '2026-01-01T00:00:00Z', execution_id: executionId, exit_code: 0, stdout: '', stderr: '' },
    ...{ log_file: null, attempt: 1, boot_id: 'b', status: 'SUCCESS', signal: null, duration_ms: 1 },
    ...{ stdout_bytes: 0, stderr_bytes: 0, stdout_sha256: zero, stderr_sha256: zero },
    ...{ truncated: false, survivors: 0 },
  };
  machine.write(`${at}/${executionId}.1/result.json`, JSON.stringify(result), 0o600);
}

/** The line by which the installed agent says to its host which runs it has. */
async function hello(machine: MachineRoot): Promise<string> {
  const vmId = vmOf(machine) ?? '';
  const socket = place();
  const running = start(
    AGENT,
    [
      'run',
      '--vm-id',
      vmId,
      '--device',
      `unix:${socket}`,
      '--state-dir',
      machine.path('var/lib/infiniservice'),
    ],
    { env: { PATH: process.env['PATH'] } },
  );
  try {
    return await waitFor(
      () =>
        new Promise<string | null>((resolve) => {
          let text = '';
          const client = connect(socket);
          client.once('error', () => resolve(null));
          client.on('data', (chunk) => {
            text += chunk.toString();
            const said = text
              .split('\n')
              .slice(0, -1)
              .find((line) => line.includes('handshake'));
            if (said === undefined) return;
            client.destroy();
            resolve(said);
          });
        }),
      { what: 'the agent says hello' },
    );
  } finally {
    await running.stop('SIGKILL');
  }
}

describe.each([
  { shell: 'dash', fetches: 'curl' },
  { shell: 'bash', fetches: 'curl' },
  { shell: 'dash', fetches: 'wget' },
] as const)('with $shell and $fetches', (options) => {
  it('a cloud image takes its medium, and nothing of it stays but what the agent needs', async () => {
    const machine = system('cloud-image', options);
    machine.attach('CIDATA', await medium(orderOf(A, 'm1', 'cloud-image')));
    expect(await boot(machine)).toEqual([0, 0]);
    expect(machine.read(STAMP)).toBe(stampOf(A, 'm1'));
    expect(vmOf(machine)).toBe(A);
    expect(events.phases()).toEqual(['first-boot', 'agent-installed']);
    // The medium is unmounted, and may be taken out.
    machine.attach('CIDATA', null);
    expect(machine.holding(CANARY_SECRET)).toEqual([SECRETS]);
    expect(machine.holding(CANARY_TOKEN)).toEqual([]);
    expect(statSync(machine.path('var/lib/infinibay')).mode & 0o777).toBe(0o700);
    expect(statSync(machine.path(LOG)).mode & 0o777).toBe(0o640);
    expect(machine.calls()).toEqual(
      expect.arrayContaining(['systemctl daemon-reload', 'systemctl restart infiniservice.service']),
    );
  });

  it('an installer leaves settings, and the agent is there before the first start or after it', async () => {
    const machine = system('installer', options);
    const { content } = installEnv(orderOf(A, 'm1', 'installer'));
    machine.write(INSTALL_SETTINGS, content, 0o600);
    machine.write('root/original-ks.cfg', `token ${CANARY_TOKEN}\n`);
    expect((await machine.run(['sh', SCRIPT, 'installer'])).code).toBe(0);
    expect(machine.read(STAMP)).toBe(stampOf(A, 'm1'));
    expect(machine.has(INSTALL_SETTINGS)).toBe(false);
    expect(events.phases()).toEqual(['agent-installed']);
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
    const machine = system('installer');
    const away = orderOf(A, 'm1', 'installer', {
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
  it.each([hash(agent), hash(installer)])('%s', async (name) => {
    const machine = system('cloud-image');
    machine.attach('CIDATA', await medium(orderOf(A, 'm1', 'cloud-image')));
    const right = served.get(name) ?? agent;
    served.set(name, Buffer.concat([right, Buffer.from('\n')]));
    try {
      expect(await boot(machine)).toEqual([0, 1]);
    } finally {
      served.set(name, right);
    }
    expect(machine.read(LOG)).toContain('does not have the sha256 that the install medium names');
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
    first = await medium(orderOf(A, 'm1', 'cloud-image'));
  });
  beforeEach(async () => {
    machine = system('cloud-image');
    machine.attach('CIDATA', first);
    expect(await boot(machine)).toEqual([0, 0]);
    leaveResult(machine, 'exec-of-a');
    machine.calls();
    downloads.length = 0;
  });

  it('does nothing with the same medium, and a left install.env goes', async () => {
    const before = command('sh', ['-c', `cd ${machine.root} && find etc opt var -type f | xargs sha256sum`]);
    expect(await boot(machine)).toEqual([0, 0]);
    expect(machine.has('run/infinibay/install.env')).toBe(false);
    machine.write(INSTALL_SETTINGS, installEnv(orderOf(A, 'm1', 'installer')).content, 0o600);
    machine.attach('CIDATA', null);
    expect(await boot(machine)).toEqual([0, 0]);
    expect(machine.has(INSTALL_SETTINGS)).toBe(false);
    expect(downloads).toEqual([]);
    expect(machine.calls().filter((call) => call.includes('infiniservice.service'))).toEqual([]);
    expect(command('sh', ['-c', `cd ${machine.root} && find etc opt var -type f | xargs sha256sum`])).toBe(
      before,
    );
  });

  it('becomes another machine with the medium of another, and sends nothing of the old one', async () => {
    const secret = 'f'.repeat(64);
    machine.attach('CIDATA', await medium(orderOf(B, 'm2', 'cloud-image', { channelSecret: secret })));
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
    expect(await hello(machine)).not.toContain('exec-of-a');
  });

  it('keeps no secret of the old machine where the new one has none', async () => {
    machine.attach('CIDATA', await medium(orderOf(B, 'm2', 'cloud-image', { channelSecret: null })));
    expect(await boot(machine)).toEqual([0, 0]);
    expect(machine.read(SECRETS)).not.toContain('SHARED_SECRET');
  });

  it('installs anew with another medium of the same machine, and sends what was not acked', async () => {
    machine.attach('CIDATA', await medium(orderOf(A, 'm2', 'cloud-image')));
    expect((await identify(machine)).code).toBe(0);
    expect(machine.calls()).toContain('systemctl stop infiniservice.service');
    expect((await install(machine)).code).toBe(0);
    expect(machine.read(STAMP)).toBe(stampOf(A, 'm2'));
    expect(await hello(machine)).toContain('exec-of-a');
  });

  it('sends what was not acked when it becomes the old machine again', async () => {
    machine.attach('CIDATA', await medium(orderOf(B, 'm2', 'cloud-image')));
    expect(await boot(machine)).toEqual([0, 0]);
    leaveResult(machine, 'exec-of-b');
    machine.attach('CIDATA', await medium(orderOf(A, 'm3', 'cloud-image')));
    expect(await boot(machine)).toEqual([0, 0]);
    expect(vmOf(machine)).toBe(A);
    const said = await hello(machine);
    expect(said).toContain('exec-of-a');
    expect(said).not.toContain('exec-of-b');
    expect(machine.has(`${SPOOL}.${B}/exec-of-b.1/result.json`)).toBe(true);
  });

  it('knows its agent that no medium has installed', async () => {
    rmSync(machine.path(STAMP));
    machine.attach('CIDATA', await medium(orderOf(B, 'm2', 'cloud-image')));
    expect(await boot(machine)).toEqual([0, 0]);
    expect(vmOf(machine)).toBe(B);
    expect(machine.has(`${SPOOL}.${A}/exec-of-a.1/result.json`)).toBe(true);
  });

  it('goes on without a medium', async () => {
    machine.attach('CIDATA', null);
    expect(await boot(machine)).toEqual([0, 0]);
    expect(vmOf(machine)).toBe(A);
  });

  it.each(['cloud-image', 'installer'] as const)(
    'as it came from a medium of source %s, gets nothing from one that installs, and keeps identity and spool',
    async (source) => {
      for (const { path, content, mode } of agentFiles(orderOf(A, 'm1', source), RPM_PLACES, LEFTOVERS))
        machine.write(path, content, parseInt(mode, 8));
      const before = command('sh', [
        '-c',
        `cd ${machine.root} && find etc opt var -type f | xargs sha256sum`,
      ]);
      machine.attach('CIDATA', await medium(orderOf(B, 'm2', 'installer')));
      expect(await boot(machine)).toEqual([0, 0]);
      expect(command('sh', ['-c', `cd ${machine.root} && find etc opt var -type f | xargs sha256sum`])).toBe(
        before,
      );
      expect(machine.has('run/infinibay/install.env')).toBe(false);
      expect(machine.holding(B)).toEqual(['media/image']);
      expect(downloads).toEqual([]);
      expect(machine.calls().filter((call) => call.includes('infiniservice.service'))).toEqual([]);
      expect(await hello(machine)).toContain('exec-of-a');
    },
  );
});
