import { createConnection, type Socket } from 'node:net';
import { waitFor } from '../wait.js';

export interface QmpEvent {
  event: string;
  data?: Record<string, unknown>;
}

interface QmpAnswer extends Partial<QmpEvent> {
  QMP?: object;
  return?: unknown;
  error?: { class: string; desc: string };
  id?: number;
}

/**
 * A connection to QEMU's machine protocol that stays: events of the machine reach whoever is connected when
 * they happen, and nobody later. Source: QEMU's docs/interop/qmp-spec.rst.
 */
export class Qmp {
  /** Every event since the connection, in order. */
  readonly events: QmpEvent[] = [];
  /** QEMU has ended, or closed the connection. */
  closed = false;
  private readonly asked = new Map<
    number,
    { resolve: (value: unknown) => void; reject: (error: Error) => void }
  >();
  private next = 0;
  private text = '';

  private constructor(private readonly socket: Socket) {
    socket.on('data', (chunk: Buffer) => this.take(chunk));
    socket.on('error', () => undefined);
    socket.once('close', () => {
      this.closed = true;
      for (const { reject } of this.asked.values()) reject(new Error('QEMU has ended'));
      this.asked.clear();
    });
  }

  /** @throws Error when nobody listens there */
  static async connect(path: string): Promise<Qmp> {
    const socket = await new Promise<Socket>((resolve, reject) => {
      const made = createConnection(path);
      made.once('error', reject);
      made.once('connect', () => resolve(made));
    });
    const qmp = new Qmp(socket);
    await qmp.execute('qmp_capabilities');
    return qmp;
  }

  /** @throws Error with QEMU's words when it refuses the command, or ends before it answers */
  execute<T = unknown>(command: string, args?: object): Promise<T> {
    if (this.closed) return Promise.reject(new Error('QEMU has ended'));
    const id = (this.next += 1);
    return new Promise<T>((resolve, reject) => {
      this.asked.set(id, { resolve: (value) => resolve(value as T), reject });
      this.socket.write(`${JSON.stringify({ execute: command, arguments: args, id })}\n`);
    });
  }

  /** The first event that fits, also one that has come already. */
  async event(fits: (event: QmpEvent) => boolean, what: string, deadlineMs: number): Promise<QmpEvent> {
    const found = await waitFor(() => this.events.find(fits) ?? (this.closed ? 'closed' : null), {
      what,
      deadlineMs,
    });
    if (found === 'closed') throw new Error(`QEMU ended without ${what}: ${JSON.stringify(this.events)}`);
    return found;
  }

  close(): void {
    this.socket.destroy();
  }

  private take(chunk: Buffer): void {
    this.text += chunk.toString();
    const lines = this.text.split('\n');
    this.text = lines.pop() ?? '';
    for (const line of lines) {
      const answer = JSON.parse(line) as QmpAnswer;
      if (answer.event !== undefined) this.events.push(answer as QmpEvent);
      const waiting = answer.id === undefined ? undefined : this.asked.get(answer.id);
      if (answer.id === undefined || !waiting) continue;
      this.asked.delete(answer.id);
      if (answer.error) waiting.reject(new Error(`QEMU: ${answer.error.class}: ${answer.error.desc}`));
      else waiting.resolve(answer.return);
    }
  }
}
