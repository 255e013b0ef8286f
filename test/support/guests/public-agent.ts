import { spawn } from 'node:child_process';
import type { Socket } from 'node:net';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { type SignedEnvelope, verifyEnvelope } from '#protocol';
import { GuestPort } from './guest-port.js';

export interface PublicScript {
  execution_id: string;
  script_content: string;
  shell: string;
  input_values: Record<string, unknown>;
  timeout_seconds: number;
}

export interface Outcome {
  exit_code: number;
  stdout?: string;
  stderr?: string;
}

/** Age in milliseconds by its own clock that the agent takes of an envelope. */
const ENVELOPE_AGE = 300_000;
const READ = 4096;

/**
 * Today's public InfiniService as the gateway sees it, with its habits: lines count only when signed by its
 * own clock with a new nonce; three requests at start and never again; one script after the other and silence
 * meanwhile; a handshake once in its life. The Windows build takes each read of 4,096 bytes for whole lines.
 */
export class PublicAgent {
  /** Types of the lines that counted, in order. */
  readonly heard: string[] = [];
  /** Signed lines as they came: length with the newline, and when (`performance.now()`). */
  readonly lines: { bytes: number; at: number }[] = [];
  readonly refused: string[] = [];
  readonly ran: PublicScript[] = [];
  connections = 0;
  private readonly port = new GuestPort((client) => this.serve(client));
  private client: Socket | null = null;
  private buffer = '';
  private raw = '';
  private readonly nonces = new Set<string>();
  private waiting = false;
  private requests = 0;
  private work: Promise<void> = Promise.resolve();
  private saidHandshake = false;

  constructor(
    private readonly folder: string,
    readonly vmId: string,
    private readonly options: {
      secret: string;
      platform: 'linux' | 'windows';
      /** Its clock minus ours, in milliseconds. */
      clockOffset?: number;
      run?: (script: PublicScript) => Promise<Outcome>;
      /** It writes half of a completion, fails, and writes it again whole. */
      tears?: boolean;
    },
  ) {}

  async open(): Promise<this> {
    await this.port.open(join(this.folder, `${this.vmId}.socket`));
    return this;
  }

  async close(): Promise<void> {
    this.client?.destroy();
    await this.port.close();
    await this.work;
  }

  keepAlive(sequence: number): void {
    this.send({ type: 'keep_alive', sequence_number: sequence, timestamp: Math.floor(this.now() / 1000) });
  }

  send(message: object): void {
    this.client?.write(`${JSON.stringify(message)}\n`);
  }

  private now(): number {
    return Date.now() + (this.options.clockOffset ?? 0);
  }

  private serve(socket: Socket): void {
    this.client = socket;
    this.connections += 1;
    this.buffer = '';
    this.raw = '';
    socket.on('error', () => undefined);
    // Reads happen when the agent comes to them, not when bytes do.
    const reads = setInterval(() => this.read(socket), this.options.platform === 'windows' ? 200 : 50);
    socket.once('close', () => clearInterval(reads));
    if (this.saidHandshake) return;
    this.saidHandshake = true;
    const timestamp = new Date(this.now()).toISOString();
    const { platform } = this.options;
    const { vmId: vm_id } = this;
    this.send({ type: 'handshake', timestamp, vm_id, version: '0.1.0', platform, capabilities: ['scripts'] });
    void this.request();
  }

  private async request(): Promise<void> {
    this.waiting = true;
    while (this.waiting && this.requests < 3 && this.port.isOpen) {
      this.requests += 1;
      const timestamp = new Date(this.now()).toISOString();
      this.send({
        type: 'request_pending_scripts',
        vm_id: this.vmId,
        timestamp,
        request_timestamp: timestamp,
      });
      for (let tenths = 0; tenths < 100 && this.waiting && this.port.isOpen; tenths += 1) await pause(100);
    }
    this.waiting = false;
  }

  private read(socket: Socket): void {
    const chunk = (socket.read(Math.min(READ, socket.readableLength)) as Buffer | null)?.toString('utf8');
    if (!chunk) return;
    this.measure(chunk);
    if (this.options.platform === 'windows') return chunk.split('\n').forEach((line) => this.hear(line));
    const lines = (this.buffer + chunk).split('\n');
    this.buffer = lines.pop() ?? '';
    for (const line of lines) this.hear(line);
  }

  private measure(chunk: string): void {
    const lines = (this.raw + chunk).split('\n');
    this.raw = lines.pop() ?? '';
    for (const line of lines) this.lines.push({ bytes: Buffer.byteLength(line) + 1, at: performance.now() });
  }

  private hear(line: string): void {
    if (line.trim() === '') return;
    let envelope: SignedEnvelope;
    try {
      envelope = JSON.parse(line) as SignedEnvelope;
    } catch {
      this.refused.push('no JSON');
      return;
    }
    const isFresh = Math.abs(envelope.ts - this.now()) <= ENVELOPE_AGE && !this.nonces.has(envelope.nonce);
    if (envelope.type !== 'signed' || !isFresh || !verifyEnvelope(this.options.secret, envelope)) {
      this.refused.push('not signed for now');
      return;
    }
    this.nonces.add(envelope.nonce);
    const message = JSON.parse(envelope.payload) as { type: string; scripts?: PublicScript[] };
    this.heard.push(message.type);
    if (message.type !== 'pending_scripts_response') return;
    this.waiting = false;
    for (const script of message.scripts ?? [])
      this.work = this.work.then(async () => {
        this.ran.push(script);
        this.complete(script, await (this.options.run ?? runInShell)(script));
      });
  }

  private complete({ execution_id }: PublicScript, outcome: Outcome): void {
    const timestamp = new Date(this.now()).toISOString();
    const line = JSON.stringify({
      type: 'script_completion',
      timestamp,
      execution_id,
      log_file: null,
      ...outcome,
    });
    if (this.options.tears) this.client?.write(line.slice(0, Math.floor(line.length / 2)));
    this.client?.write(`${line}\n`);
  }
}

/** As the Linux build does it. */
function runInShell({ shell, script_content }: PublicScript): Promise<Outcome> {
  return new Promise((resolve) => {
    const child = spawn(shell === 'BASH' ? 'bash' : 'sh', ['-c', script_content], {
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let [stdout, stderr] = ['', ''];
    child.stdout.on('data', (chunk: Buffer) => (stdout += chunk.toString()));
    child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString()));
    child.once('close', (code) => resolve({ exit_code: code ?? -1, stdout, stderr }));
  });
}
