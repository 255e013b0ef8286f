import { randomUUID } from 'node:crypto';
import { connect, type Socket } from 'node:net';
import { join } from 'node:path';
import { type SignedEnvelope, verifyEnvelope } from '#protocol';
import { command } from '../processes/commands.js';
import { GuestPort, newHelloToken, ourHello } from './guest-port.js';
import { waitFor } from '../wait.js';

/** A line that the host wrote, with the envelope taken off. */
export interface HostLine {
  type: string;
  [field: string]: unknown;
}

export interface GivenScript {
  execution_id: string;
  attempt: number;
  script_content: string;
  [field: string]: unknown;
}

/**
 * A machine as the gateway sees it: a UNIX socket that QEMU would listen on. Serves one client and leaves
 * others in the backlog, as QEMU does. What it says is up to the test, byte by byte or by message.
 */
export class FakeGuest {
  /** Everything the host has written since the guest was made. */
  readonly lines: HostLine[] = [];
  readonly envelopes: SignedEnvelope[] = [];
  readonly session = randomUUID().replaceAll('-', '');
  readonly spoolId = randomUUID().replaceAll('-', '');
  bootId = randomUUID();
  /** New with each connection; undefined: an agent of before, which names no hello. */
  helloToken: string | undefined = newHelloToken();
  /** Connections so far. */
  connections = 0;
  /** False: what the host writes stays in the socket. */
  reads = true;
  private readonly port = new GuestPort((client) => this.serve(client));
  private client: Socket | null = null;
  private text = '';

  constructor(
    private readonly folder: string,
    readonly vmId: string,
    /** When set, unsigned lines and those with another signature are kept out of `lines`. */
    private readonly secret: string | null = null,
  ) {}

  get file(): string {
    return join(this.folder, `${this.vmId}.socket`);
  }

  get isConnected(): boolean {
    return this.client !== null;
  }

  /** Bytes that the host has not taken yet. */
  get unsent(): number {
    return this.client?.writableLength ?? 0;
  }

  /** QEMU starts: the socket appears. */
  async open(): Promise<this> {
    await this.port.open(this.file);
    return this;
  }

  /** QEMU connects to a gateway that listens, once a second as with `reconnect=1` until it succeeds. */
  async dial(): Promise<this> {
    await waitFor(
      () =>
        new Promise<boolean>((resolve) => {
          const socket = connect({ path: this.file });
          socket.once('error', () => resolve(false));
          socket.once('connect', () => {
            this.serve(socket);
            resolve(true);
          });
        }),
      { what: `somebody to listen at ${this.file}` },
    );
    return this;
  }

  /** The guest's side closes and QEMU goes on: the gateway has to come again. */
  hangUp(): void {
    this.client?.destroy();
    this.client = null;
    this.text = '';
  }

  /** QEMU ends in an orderly way: the socket is gone. */
  async close(): Promise<void> {
    this.hangUp();
    await this.port.close();
  }

  connected(): Promise<unknown> {
    return waitFor(() => this.client !== null, { what: 'the gateway to connect' });
  }

  sendBytes(bytes: Buffer | string): void {
    this.client?.write(bytes);
  }

  send(message: object): void {
    this.sendBytes(`${JSON.stringify(message)}\n`);
  }

  /** Our agent's greeting, on a new or the present connection. */
  async hello(more: Record<string, unknown> = {}): Promise<void> {
    await this.connected();
    const before = this.count('handshake_ack');
    this.greet(more);
    await waitFor(() => this.count('handshake_ack') > before, { what: 'the hello to be acked' });
  }

  /** The same, without waiting for anything. */
  greet(more: Record<string, unknown> = {}): void {
    this.send({ ...ourHello({ ...this, runs: [] }), ...more });
  }

  /** The greeting of the public agent, which is not answered. */
  async helloPublic(): Promise<void> {
    await this.connected();
    this.send({ type: 'handshake', vm_id: this.vmId, version: '0.1.0', platform: 'linux', capabilities: [] });
  }

  ask(more: Record<string, unknown> = {}): void {
    this.send({
      type: 'request_pending_scripts',
      timestamp: new Date().toISOString(),
      vm_id: this.vmId,
      request_timestamp: new Date().toISOString(),
      ...more,
    });
  }

  started(script: GivenScript): void {
    const { execution_id, attempt } = script;
    const started_at = new Date().toISOString();
    this.send({ type: 'script_started', execution_id, attempt, pid: 7, started_at, boot_id: this.bootId });
  }

  complete(script: Pick<GivenScript, 'execution_id' | 'attempt'>, more: Record<string, unknown> = {}): void {
    this.send({
      type: 'script_completion',
      timestamp: new Date().toISOString(),
      execution_id: script.execution_id,
      attempt: script.attempt,
      boot_id: this.bootId,
      exit_code: 0,
      status: 'success',
      stdout: 'hello\n',
      stderr: '',
      duration_ms: 5,
      ...more,
    });
  }

  output(script: GivenScript, offset: number, data: string, more: Record<string, unknown> = {}): void {
    const { execution_id, attempt } = script;
    this.send({ type: 'script_output', execution_id, attempt, stream: 'stdout', offset, data, ...more });
  }

  /** Scripts handed over so far, in order, repeats included. */
  get scripts(): GivenScript[] {
    return this.lines
      .filter(({ type }) => type === 'pending_scripts_response')
      .flatMap(({ scripts }) => scripts as GivenScript[]);
  }

  /** The script that was handed over as number `index`. */
  script(index = 0): Promise<GivenScript> {
    return waitFor(() => this.scripts[index], { what: `script number ${index}` });
  }

  acked(executionId: string): Promise<HostLine> {
    return waitFor(
      () => this.lines.find(({ type, execution_id }) => type === 'ack' && execution_id === executionId),
      { what: `the ack of ${executionId}` },
    );
  }

  count(type: string): number {
    return this.lines.filter((line) => line.type === type).length;
  }

  /** Leaves a socket at which nobody listens, as `kill -9` does. */
  static leaveDeadSocket(file: string): void {
    const bind = 'import socket, sys; socket.socket(socket.AF_UNIX).bind(sys.argv[1])';
    command('python3', ['-c', bind, file]);
  }

  private serve(socket: Socket): void {
    this.client = socket;
    this.connections += 1;
    this.text = '';
    if (this.helloToken !== undefined) this.helloToken = newHelloToken();
    socket.on('error', () => undefined);
    socket.once('close', () => {
      if (this.client === socket) this.client = null;
    });
    if (!this.reads) return void socket.pause();
    socket.setEncoding('utf8');
    socket.on('data', (chunk: string) => {
      const lines = (this.text + chunk).split('\n');
      this.text = lines.pop() ?? '';
      for (const line of lines) this.take(JSON.parse(line) as HostLine);
    });
  }

  private take(line: HostLine): void {
    if (line.type !== 'signed') {
      if (this.secret === null) this.lines.push(line);
      return;
    }
    const envelope = line as unknown as SignedEnvelope;
    this.envelopes.push(envelope);
    if (this.secret !== null && !verifyEnvelope(this.secret, envelope)) return;
    this.lines.push(JSON.parse(envelope.payload) as HostLine);
  }
}
