import { createHash } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { MediaRequest } from '#protocol';
import {
  type AgentInstall,
  type AgentPins,
  agentFiles,
  RPM_PLACES,
} from '../../../apps/media/families/linux/agent-files.js';
import { installEnv } from '../../../apps/media/families/linux/install-env.js';
import { makeSeedImage } from '../../../apps/media/image/iso.js';
import { writeSeedFolder } from '../../../apps/media/image/seed-folder.js';
import { AGENT } from '../apps/apps.js';
import { CANARY_TOKEN, SEED_INSTALL } from '../media/seeds.js';
import { command } from '../processes/commands.js';
import { start } from '../processes/processes.js';
import { EventServer } from '../servers/event-server.js';
import { waitFor } from '../wait.js';
import { oneTry } from './downloads.js';
import { MachineRoot, type MachineRun } from './machine-root.js';

/** Two machines. */
export const A = 'aaaaaaaa-0000-4000-8000-000000000001';
export const B = 'bbbbbbbb-0000-4000-8000-000000000002';
/** Paths on a machine, from its root. */
export const STAMP = 'var/lib/infinibay/infiniservice-installed';
export const SPOOL = 'var/lib/infiniservice/spool';
export const LOG = 'root/infiniservice-install.log';
export const SCRIPT = RPM_PLACES.script;
/** What its installer keeps copies in. */
const LEFTOVERS = ['/root/original-ks.cfg', '/var/log/anaconda'];

export const stampOf = (vm: string, mediumId: string): string => `VM_ID=${vm}\nMEDIUM_ID=${mediumId}\n`;
const hash = (bytes: Buffer): string => createHash('sha256').update(bytes).digest('hex');

/** A distribution with the real agent and its install script, and an endpoint for reports. */
export class InstallWorld {
  readonly events = new EventServer();
  readonly agent = readFileSync(AGENT);
  readonly installer = readFileSync(join(AGENT, '../../../install/install-linux.sh'));
  /** What it has, by hash. */
  readonly served = new Map<string, Buffer>(
    [this.agent, this.installer].map((bytes) => [hash(bytes), bytes] as const),
  );
  /** What it was asked for. */
  readonly downloads: string[] = [];
  /** With which word each of them was asked for. */
  readonly tokens: (string | undefined)[] = [];
  private readonly folder = mkdtempSync(join(tmpdir(), 'infinibay-install-'));
  private count = 0;
  private url = '';
  private reportUrl = '';
  private readonly server: Server = createServer((request, response) => {
    const name = request.url?.split('/').pop() ?? '';
    const bytes = this.served.get(name);
    this.downloads.push(name);
    this.tokens.push(request.headers.authorization);
    response.writeHead(bytes ? 200 : 404).end(bytes);
  });

  async start(): Promise<void> {
    await new Promise<void>((resolve) => this.server.listen(0, '127.0.0.1', resolve));
    this.url = `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
    this.reportUrl = await this.events.listen();
  }

  /** Forgets what was asked for and reported. */
  forget(): void {
    this.events.reports.length = 0;
    this.downloads.length = 0;
    this.tokens.length = 0;
  }

  async stop(): Promise<void> {
    this.server.close();
    await this.events.close();
    rmSync(this.folder, { recursive: true, force: true });
  }

  /** A path that is not there yet. */
  place = (): string => join(this.folder, String((this.count += 1)));

  /** What a medium names when these are to be had. */
  serve(agent: string, script: string): AgentPins {
    const files = [agent, script].map((text) => Buffer.from(text)) as [Buffer, Buffer];
    for (const bytes of files) this.served.set(hash(bytes), bytes);
    return this.pinsOf(...files);
  }

  private pinsOf(agent: Buffer, script: Buffer): AgentPins {
    return {
      ...{ binarySha256: hash(agent), binaryBytes: agent.length },
      ...{ scriptSha256: hash(script), scriptBytes: script.length, version: '0.1.0' },
    };
  }

  orderOf(
    vmId: string,
    mediumId: string,
    source: MediaRequest['source'],
    more: Partial<AgentInstall> = {},
  ): AgentInstall {
    return {
      ...SEED_INSTALL,
      ...{ vmId, mediumId, source, distributionUrl: this.url },
      pins: this.pinsOf(this.agent, this.installer),
      reporting: { url: this.reportUrl, token: CANARY_TOKEN },
      ...more,
    };
  }

  /** A medium with nothing but its settings. */
  async medium(install: AgentInstall, more: { waitsForPackages?: boolean } = {}): Promise<string> {
    const [contents, image] = [this.place(), `${this.place()}.iso`];
    const names = await writeSeedFolder(contents, [installEnv(install, more)]);
    await makeSeedImage({ folder: contents, image, label: 'CIDATA', names, sourceDateEpoch: 0 });
    return image;
  }

  /** A system with the machine's files, as an installer or cloud-init has put them there. */
  system(source: MediaRequest['source'], options = {}): MachineRoot {
    const machine = new MachineRoot(this.place(), options);
    this.putFiles(machine, source);
    return machine;
  }

  putFiles(machine: MachineRoot, source: MediaRequest['source']): void {
    for (const { path, content, mode } of agentFiles(this.orderOf(A, 'm', source), RPM_PLACES, LEFTOVERS))
      machine.write(path, oneTry(content), parseInt(mode, 8));
  }

  /** The line by which the installed agent says to its host which runs it has. */
  async hello(machine: MachineRoot): Promise<string> {
    const socket = this.place();
    const options = { device: `unix:${socket}`, 'state-dir': machine.path('var/lib/infiniservice') };
    const words = Object.entries({ 'vm-id': vmOf(machine) ?? '', ...options });
    const running = start(AGENT, ['run', ...words.flatMap(([name, value]) => [`--${name}`, value])], {
      env: { PATH: process.env['PATH'] },
    });
    try {
      return await waitFor(() => handshakeFrom(socket), { what: 'the agent says hello' });
    } finally {
      await running.stop('SIGKILL');
    }
  }
}

function handshakeFrom(socket: string): Promise<string | null> {
  return new Promise((resolve) => {
    let text = '';
    const client = connect(socket);
    client.once('error', () => resolve(null));
    client.on('data', (chunk) => {
      text += chunk.toString();
      const lines = text.split('\n').slice(0, -1);
      const said = lines.find((line) => line.includes('handshake'));
      if (said === undefined) return;
      client.destroy();
      resolve(said);
    });
  });
}

export const identify = (machine: MachineRoot): Promise<MachineRun> =>
  machine.run(['sh', SCRIPT, 'identify']);
export const install = (machine: MachineRoot): Promise<MachineRun> => machine.run(['sh', SCRIPT, 'install']);

/** As the unit does. @returns the codes of both */
export async function boot(machine: MachineRoot): Promise<(number | null)[]> {
  const first = await identify(machine);
  return first.code === 0 ? [0, (await install(machine)).code] : [first.code];
}

/** The machine that its agent says it is. */
export const vmOf = (machine: MachineRoot): string | undefined =>
  /^INFINIBAY_VM_ID=(.*)$/m.exec(machine.read('etc/environment'))?.[1];

/** Hashes of all that is installed. */
export const contentsOf = (machine: MachineRoot): string =>
  command('sh', [
    '-c',
    'cd "$1" && find etc opt var -type f -print0 | sort -z | xargs -0 sha256sum',
    'sh',
    machine.root,
  ]);

/** A result that the host has not acked, as an agent leaves it. */
export function leaveResult(machine: MachineRoot, executionId: string): void {
  const zero = '0'.repeat(64);
  const result = {
    ...{ timestamp: '2026-01-01T00:00:00Z', execution_id: executionId, exit_code: 0, stdout: '', stderr: '' },
    ...{ log_file: null, attempt: 1, boot_id: 'b', status: 'SUCCESS', signal: null, duration_ms: 1 },
    ...{ stdout_bytes: 0, stderr_bytes: 0, stdout_sha256: zero, stderr_sha256: zero },
    ...{ truncated: false, survivors: 0 },
  };
  machine.write(`${SPOOL}/${executionId}.1/result.json`, JSON.stringify(result), 0o600);
}
