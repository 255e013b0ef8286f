import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { INSTALL_ENV } from '../../../apps/media/families/linux/read-medium.js';
import type { ExecutionDto, MachineHealthDto, MediaResult } from '#protocol';
import { command } from '../processes/commands.js';
import { freePort, type Running, start } from '../processes/processes.js';
import { waitFor } from '../wait.js';

const root = resolve(import.meta.dirname, '../../..');
/** The static agent as `npm run build:agent` makes it. */
export const AGENT = join(root, 'infiniservice/target/release/infiniservice');

export const TOKEN = 'end-to-end-console-token';
/** Of the users of all media here: it may be found nowhere. */
export const CANARY_PASSWORD = 'a canary of a password';

/** A temporary base directory in which the agent is published. */
export function baseDir(): string {
  const base = mkdtempSync(join(tmpdir(), 'infinibay-e2e-'));
  command('bash', [join(root, 'scripts/build-agent.sh'), '--publish-to', base]);
  return base;
}

/** The words after `node` with which an app is started, by the package's own script for it. */
function argumentsOf(name: string): string[] {
  const { scripts } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
    scripts: Record<string, string>;
  };
  const command = scripts[`start:${name}`] ?? `node dist/apps/${name}/main.js`;
  const [, ...words] = command.replace(/^exec /, '').split(' ');
  return words;
}

/** One built app as a process of its own, once it says that it is ready. */
export async function startApp(
  name: 'standalone' | 'distribution' | 'media' | 'gateway' | 'console',
  env: Record<string, string>,
  url: string,
): Promise<Running> {
  const { PATH = '', HOME = '' } = process.env;
  const app = start(process.execPath, argumentsOf(name), {
    cwd: root,
    env: { PATH, HOME, ...env },
  });
  let ended: number | null | undefined;
  void app.exited.then((code) => (ended = code ?? -1));
  await waitFor(
    async () => {
      if (ended !== undefined) return true;
      return (await fetch(`${url}/readyz`)).ok;
    },
    { what: `${name} to be ready`, deadlineMs: 60_000 },
  ).catch((error: unknown) => {
    throw new Error(`${name} is not ready:\n${app.output().slice(-4000)}`, { cause: error });
  });
  if (ended !== undefined) throw new Error(`${name} ended with ${ended}:\n${app.output().slice(-4000)}`);
  return app;
}

/** The console as an operator's program uses it. */
export class Operator {
  constructor(readonly url: string) {}

  async request<T>(method: string, path: string, body?: unknown): Promise<T> {
    const response = await fetch(`${this.url}/api${path}`, {
      method,
      headers: {
        authorization: `Bearer ${TOKEN}`,
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const text = await response.text();
    if (!response.ok) throw new Error(`${method} ${path} answered ${response.status}: ${text}`);
    return (text ? JSON.parse(text) : null) as T;
  }

  async script(name: string, content: string, shell = 'SH', timeoutSeconds = 120): Promise<string> {
    const { id } = await this.request<{ id: string }>('POST', '/scripts', {
      name,
      shell,
      content,
      timeoutSeconds,
    });
    return id;
  }

  medium(vmId: string, scriptIds: string[], more: object = {}): Promise<MediaResult> {
    return this.request('POST', '/media', {
      vmId,
      hostname: `vm-${vmId.slice(0, 8)}`,
      os: { family: 'ubuntu', version: '24.04' },
      source: 'cloud-image',
      resources: { memoryMiB: 1024 },
      users: [{ name: 'someone', password: CANARY_PASSWORD }],
      firstBootScripts: scriptIds.map((scriptId) => ({ scriptId })),
      ...more,
    });
  }

  async run(machineId: string, scriptId: string): Promise<ExecutionDto> {
    const { items } = await this.request<{ items: ExecutionDto[] }>('POST', '/executions', {
      scriptId,
      machineIds: [machineId],
    });
    if (!items[0]) throw new Error('nothing was scheduled');
    return items[0];
  }

  execution(id: string): Promise<ExecutionDto> {
    return this.request('GET', `/executions/${id}`);
  }

  /** The row once it is final; the explanation is what a test that waits in vain prints. */
  async finished(id: string, deadlineMs = 180_000): Promise<ExecutionDto> {
    return waitFor(
      async () => {
        const row = await this.execution(id);
        if (row.completedAt) return row;
        const { message } = await this.request<{ message: string }>('GET', `/executions/${id}/explanation`);
        throw new Error(message);
      },
      { what: `execution ${id} to end`, deadlineMs, everyMs: 100 },
    );
  }

  async ready(machineId: string, deadlineMs = 180_000): Promise<MachineHealthDto> {
    return waitFor(
      async () => {
        const health = await this.request<MachineHealthDto>('GET', `/machines/${machineId}/health`);
        if (health.channel === 'ready') return health;
        throw new Error(health.message);
      },
      { what: `machine ${machineId} to say hello`, deadlineMs, everyMs: 100 },
    );
  }
}

/** All apps in one process on SQLite, on ports of their own. */
export async function startStandalone(
  base: string,
  more: Record<string, string> = {},
): Promise<{ app: Running; operator: Operator; guestsPort: number }> {
  const [port, consolePort] = [await freePort(), await freePort()];
  const url = `http://127.0.0.1:${consolePort}`;
  const app = await startApp(
    'standalone',
    {
      INFINIBAY_BASE_DIR: base,
      PORT: String(port),
      CONSOLE_PORT: String(consolePort),
      CONSOLE_TOKEN: TOKEN,
      APP_HOST: '10.0.2.2',
      ...more,
    },
    url,
  );
  return { app, operator: new Operator(url), guestsPort: port };
}

/** A file of a seed image, read back from the image itself. */
export function readSeed(image: string, name: string): string {
  const folder = mkdtempSync(join(tmpdir(), 'infinibay-seed-'));
  try {
    command('xorriso', ['-osirrox', 'on', '-indev', image, '-extract', `/${name}`, join(folder, 'out')]);
    return readFileSync(join(folder, 'out'), 'utf8');
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** A setting that a Linux medium brings to its machine, e.g. `INFINISERVICE_SHARED_SECRET`. */
export function mediumSetting(image: string, name: string): string {
  const lines = readSeed(image, INSTALL_ENV);
  return new RegExp(`^${name}='([^']*)'$`, 'm').exec(lines)?.[1] ?? '';
}

/** The channel secret that a seed brings to its machine. */
export const channelSecret = (image: string): string => mediumSetting(image, 'INFINISERVICE_SHARED_SECRET');

/** What the agent of a guest that was installed from this medium shows. */
export const mediumOf = (media: MediaResult): { id: string; proof: string } => ({
  id: media.id,
  proof: mediumSetting(seedPath(media), 'INFINIBAY_MEDIUM_PROOF'),
});

/** The path of the image that a media plan attaches. */
export function seedPath({ plan }: MediaResult): string {
  return plan.devices.find(({ role }) => role === 'seed')?.path ?? '';
}

/** The channel socket that a media plan names. */
export function socketPath({ plan }: MediaResult): string {
  return plan.devices.find(({ role }) => role === 'channel')?.path ?? '';
}
