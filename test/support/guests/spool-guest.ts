import { randomUUID } from 'node:crypto';
import type { Socket } from 'node:net';
import { join } from 'node:path';
import { GuestPort, newHelloToken, ourHello } from './guest-port.js';

interface Run {
  execution_id: string;
  attempt: number;
  state: 'accepted' | 'running' | 'finished';
  boot_id: string;
  output: string;
}

interface HostMessage {
  type: string;
  session?: string;
  hello?: string;
  counter?: number;
  execution_id?: string;
  attempt?: number;
  scripts?: { execution_id: string; attempt: number; script_content: string }[];
}

/**
 * Our agent's manners without its processes, so that hundreds fit into one test: hello until acked, a spool,
 * results said again until they are acked. It can migrate: its session, spool and running scripts go on at
 * another host's socket.
 */
export class SpoolGuest {
  /**
   * (execution, attempt) pairs that were handed to it though it had them: each would be a second run without
   * its spool.
   */
  readonly doubles: string[] = [];
  /** How often each execution was begun. */
  readonly starts = new Map<string, number>();
  private readonly session = randomUUID().replaceAll('-', '');
  private readonly bootId = randomUUID();
  private readonly spoolId = randomUUID().replaceAll('-', '');
  private readonly runs = new Map<string, Run>();
  private readonly known = new Set<string>();
  private readonly timers = new Set<NodeJS.Timeout>();
  private readonly port = new GuestPort((client) => this.serve(client));
  private client: Socket | null = null;
  private acked = false;
  private helloToken = newHelloToken();
  private counter = 0;
  private sequence = 0;

  constructor(
    readonly vmId: string,
    /** How long a script runs, in milliseconds. */
    private readonly duration: () => number = () => 0,
  ) {}

  /** QEMU runs on this host from now on. */
  async moveTo(folder: string): Promise<void> {
    await this.leave();
    await this.port.open(join(folder, `${this.vmId}.socket`));
  }

  async remove(): Promise<void> {
    for (const timer of this.timers) clearInterval(timer);
    await this.leave();
  }

  private async leave(): Promise<void> {
    this.client?.destroy();
    await this.port.close();
  }

  private serve(socket: Socket): void {
    this.client = socket;
    this.acked = false;
    this.helloToken = newHelloToken();
    this.counter = 0;
    const every = setInterval(() => this.speak(), 1000);
    this.timers.add(every);
    socket.on('error', () => undefined);
    socket.once('close', () => {
      clearInterval(every);
      this.timers.delete(every);
      if (this.client === socket) this.client = null;
    });
    let text = '';
    socket.setEncoding('utf8');
    socket.on('data', (chunk: string) => {
      const lines = (text + chunk).split('\n');
      text = lines.pop() ?? '';
      for (const line of lines) this.hear(JSON.parse(line) as HostMessage);
    });
    this.speak();
  }

  /**
   * What is due once a second: the hello until it is acked, then a keep-alive and the results that are not
   * acked.
   */
  private speak(): void {
    if (!this.acked) return this.hello();
    this.sequence += 1;
    this.send({ type: 'keep_alive', sequence_number: this.sequence, timestamp: 1, runs: this.list() });
    this.sayResults();
  }

  private sayResults(): void {
    for (const run of this.runs.values()) if (run.state === 'finished') this.complete(run);
  }

  private hello(): void {
    const { vmId, session, helloToken, bootId, spoolId } = this;
    this.send(ourHello({ vmId, session, helloToken, bootId, spoolId, runs: this.list() }));
  }

  private list(): object[] {
    return [...this.runs.values()].map(({ output: _, ...run }) => run);
  }

  private send(message: object): void {
    if (this.client?.writable) this.client.write(`${JSON.stringify(message)}\n`);
  }

  private hear(message: HostMessage): void {
    if (message.session !== this.session || message.hello !== this.helloToken) return;
    if ((message.counter ?? 0) <= this.counter) return;
    this.counter = message.counter ?? 0;
    if (message.type === 'handshake_ack' && !this.acked) {
      this.acked = true;
      this.sayResults();
    }
    if (!this.acked) return;
    for (const script of message.scripts ?? []) this.accept(script);
    if (message.type === 'ack') this.runs.delete(`${message.execution_id}.${message.attempt}`);
  }

  private accept({
    execution_id,
    attempt,
    script_content,
  }: NonNullable<HostMessage['scripts']>[number]): void {
    const key = `${execution_id}.${attempt}`;
    if (this.known.has(key)) return void this.doubles.push(key);
    this.known.add(key);
    const run: Run = { execution_id, attempt, state: 'running', boot_id: this.bootId, output: '' };
    this.runs.set(key, run);
    this.starts.set(execution_id, (this.starts.get(execution_id) ?? 0) + 1);
    this.send({
      type: 'script_started',
      execution_id,
      attempt,
      pid: 1,
      started_at: new Date().toISOString(),
      boot_id: this.bootId,
    });
    const timer = setTimeout(() => {
      this.timers.delete(timer);
      run.state = 'finished';
      run.output = `${execution_id} ran ${script_content}`;
      if (this.acked) this.complete(run);
    }, this.duration());
    this.timers.add(timer);
  }

  private complete({ execution_id, attempt, output }: Run): void {
    this.send({
      type: 'script_completion',
      timestamp: new Date().toISOString(),
      execution_id,
      attempt,
      boot_id: this.bootId,
      exit_code: 0,
      status: 'success',
      stdout: output,
      stderr: '',
      duration_ms: 1,
    });
  }
}
