/**
 * Many guests that cost little, in one process: `swarm-process.ts FOLDER speak|silent VM_ID…`. Each says
 * hello and keeps alive; a script is answered at once with its start, a byte of output and its end. Commands
 * on standard input, one a line: `hold` keeps completions back, `release` sends them, `flood VM_ID` lets one
 * guest write without pause, `latency` prints how long answers to keep-alives took since it was last asked,
 * `acked` how many results were acked. `silent` guests hold their connections and say nothing. Prints
 * `started ID NANOSECONDS` (CLOCK_MONOTONIC), `acked COUNT`, `latency JSON`.
 */
import { randomUUID } from 'node:crypto';
import { createServer, type Socket } from 'node:net';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

const [folder = '', mode = 'speak', ...vmIds] = process.argv.slice(2);
const latencies: number[] = [];
const heldBack: (() => void)[] = [];
const guests = new Map<string, Guest>();
let holds = false;
let acked = 0;
/** Ours, when it is to be shorter than what the gateway asks for. */
const heartbeatMs = Number(process.env['SWARM_HEARTBEAT_MS'] ?? 3_600_000);

class Guest {
  private socket: Socket | null = null;
  private readonly session = randomUUID().replaceAll('-', '');
  private readonly bootId = randomUUID();
  private readonly spoolId = randomUUID().replaceAll('-', '');
  private isAcked = false;
  private sequence = 0;
  private askedAt = 0;
  private timer: NodeJS.Timeout | null = null;

  constructor(private readonly vmId: string) {}

  serve(socket: Socket): void {
    this.socket = socket;
    this.isAcked = false;
    socket.on('error', () => undefined);
    if (this.timer) clearInterval(this.timer);
    const timer = setInterval(() => this.hello(), 1000);
    this.timer = timer;
    socket.once('close', () => clearInterval(timer));
    this.hello();
    let text = '';
    socket.setEncoding('utf8');
    socket.on('data', (chunk: string) => {
      const lines = (text + chunk).split('\n');
      text = lines.pop() ?? '';
      for (const line of lines) this.hear(line);
    });
  }

  /** Said again until it is acked. */
  private hello(): void {
    this.send({
      type: 'handshake',
      timestamp: new Date().toISOString(),
      vm_id: this.vmId,
      version: '0.0.0',
      platform: 'linux',
      capabilities: ['scripts'],
      protocol: 2,
      session: this.session,
      boot_id: this.bootId,
      spool_id: this.spoolId,
      runs: [],
    });
  }

  /** Output lines of a run that nobody knows, as fast as the socket takes them. */
  flood(): void {
    const line = `${JSON.stringify({ type: 'script_output', execution_id: randomUUID(), attempt: 1, stream: 'stdout', offset: 0, data: 'x'.repeat(1000) })}\n`;
    const more = (): void => {
      while (this.socket?.write(line));
      this.socket?.once('drain', more);
    };
    more();
  }

  private hear(line: string): void {
    const outer = JSON.parse(line) as { type: string; payload?: string };
    const message = (outer.type === 'signed' ? JSON.parse(outer.payload ?? '{}') : outer) as {
      type: string;
      heartbeat_seconds?: number;
      scripts?: { execution_id: string; attempt: number }[];
    };
    if (message.type === 'handshake_ack' && !this.isAcked) {
      this.isAcked = true;
      if (this.timer) clearInterval(this.timer);
      const every = Math.min((message.heartbeat_seconds ?? 1) * 1000, heartbeatMs);
      // Spread over the period, as machines that started at their own times are.
      setTimeout(() => (this.timer = setInterval(() => this.keepAlive(), every)), Math.random() * every);
    }
    if (message.type === 'keep_alive_response') latencies.push(performance.now() - this.askedAt);
    if (message.type === 'ack') acked += 1;
    for (const script of message.scripts ?? []) this.run(script);
  }

  private keepAlive(): void {
    this.sequence += 1;
    this.askedAt = performance.now();
    this.send({ type: 'keep_alive', sequence_number: this.sequence, timestamp: 1, runs: [] });
  }

  private run({ execution_id, attempt }: { execution_id: string; attempt: number }): void {
    process.stdout.write(`started ${execution_id} ${process.hrtime.bigint()}\n`);
    const run = { execution_id, attempt, boot_id: this.bootId };
    this.send({ type: 'script_started', ...run, pid: 1, started_at: new Date().toISOString() });
    const end = (): void =>
      this.send({
        type: 'script_completion',
        ...run,
        exit_code: 0,
        status: 'success',
        stdout: 'x',
        stderr: '',
        duration_ms: 1,
      });
    if (holds) heldBack.push(end);
    else end();
  }

  private send(message: object): void {
    this.socket?.write(`${JSON.stringify(message)}\n`);
  }
}

for (const vmId of vmIds) {
  const guest = new Guest(vmId);
  guests.set(vmId, guest);
  createServer((socket) => {
    if (mode === 'speak') guest.serve(socket);
    else socket.on('error', () => undefined).resume();
  }).listen(join(folder, `${vmId}.socket`));
}

createInterface({ input: process.stdin }).on('line', (line) => {
  const [word, argument = ''] = line.split(' ');
  if (word === 'hold') holds = true;
  if (word === 'release') for (const end of heldBack.splice(0)) end();
  if (word === 'flood') guests.get(argument)?.flood();
  if (word === 'acked') process.stdout.write(`acked ${acked}\n`);
  if (word === 'latency') process.stdout.write(`latency ${JSON.stringify(latencies.splice(0))}\n`);
});
process.stdout.write('listening\n');
