import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { AGENT } from '../apps/apps.js';
import { type Running, start } from '../processes/processes.js';
import { type BusyboxGuest, startBusyboxGuest } from '../qemu/busybox-guest.js';
import { waitFor } from '../wait.js';

/** A machine for one round or more: the real agent, on a `unix:` port or in QEMU. */
export interface CrashGuest {
  readonly kind: 'unix' | 'qemu';
  /** The socket that stands for the guest's port. */
  readonly port: string;
  /** A folder inside the machine that outlives its processes and, in QEMU, a power cut. */
  readonly state: string;
  remove(): Promise<void>;
}

/** The agent as a process beside the test. */
export class UnixGuest implements CrashGuest {
  readonly kind = 'unix';
  readonly state = mkdtempSync(join(tmpdir(), 'infinibay-crash-'));
  readonly port = join(this.state, 'port.sock');
  private agent: Running | null = null;

  constructor(private readonly vmId: string) {}

  async startAgent(): Promise<void> {
    const { PATH = '', HOME = '' } = process.env;
    const env = {
      PATH,
      HOME,
      INFINIBAY_VM_ID: this.vmId,
      INFINISERVICE_DEVICE: `unix:${this.port}`,
      INFINISERVICE_STATE_DIR: join(this.state, 'agent'),
    };
    mkdirSync(join(this.state, 'agent'), { recursive: true, mode: 0o700 });
    rmSync(this.port, { force: true });
    const agent = start(AGENT, ['run'], { env });
    this.agent = agent;
    await waitFor(() => existsSync(this.port), { what: `the agent to listen (${agent.output()})` });
  }

  signalAgent(signal: NodeJS.Signals): void {
    this.agent?.child.kill(signal);
  }

  async killAgent(): Promise<void> {
    await this.agent?.stop('SIGKILL');
  }

  entry(executionId: string): string {
    return join(this.state, 'agent/spool', `${executionId}.1`);
  }

  /** Supervisors of a run. */
  runners(executionId: string): number[] {
    return processes().filter((pid) => commandLine(pid).includes(this.entry(executionId)));
  }

  async remove(): Promise<void> {
    await this.killAgent();
    for (const pid of processes())
      if (commandLine(pid).includes(this.state) && pid !== process.pid) kill(pid, 'SIGKILL');
    rmSync(this.state, { recursive: true, force: true });
  }
}

/** The agent as the only service of a machine under QEMU. */
export class QemuGuest implements CrashGuest {
  readonly kind = 'qemu';
  readonly state = '/var/lib/infiniservice';
  private readonly folder = mkdtempSync(join(tmpdir(), 'infinibay-crash-'));
  readonly port = join(this.folder, 'port.sock');
  private guest: BusyboxGuest | null = null;

  async boot(vmId: string): Promise<void> {
    this.guest = await startBusyboxGuest({ agent: AGENT, vmId, secret: '', socket: this.port });
  }

  console(): string {
    return this.guest?.console() ?? '';
  }

  /** `kill -9` of QEMU, and a new one on the same disk. */
  async powerCut(): Promise<void> {
    await this.guest?.powerCut();
  }

  async remove(): Promise<void> {
    await this.guest?.remove();
    rmSync(this.folder, { recursive: true, force: true });
  }
}

export function kill(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch {
    // It has ended meanwhile.
  }
}

/** One letter: R, S, D, Z, T and so on (proc(5)); empty when there is no such process. */
export function processState(pid: number): string {
  try {
    return /\) (\w)/.exec(readFileSync(`/proc/${pid}/stat`, 'utf8'))?.[1] ?? '';
  } catch {
    return '';
  }
}

function processes(): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number);
}

function commandLine(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8');
  } catch {
    return '';
  }
}
