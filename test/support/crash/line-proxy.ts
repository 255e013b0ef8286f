import { connect, type Socket } from 'node:net';
import { GuestPort } from '../guests/guest-port.js';
import { waitFor } from '../wait.js';

export type Direction = 'to-guest' | 'to-host';

/** A line of the channel, unsigned. */
export interface ChannelLine {
  type: string;
  execution_id?: string;
  scripts?: { execution_id: string }[];
  [field: string]: unknown;
}

/** Where the channel stands still. */
export interface Hold {
  /** Resolves when the line has come. */
  readonly reached: Promise<void>;
  /** Everything that was kept goes on, unless its connection is gone by now. */
  release(): void;
}

interface PendingHold {
  direction: Direction;
  matches: (line: ChannelLine) => boolean;
  /** How much of the line goes through before the channel stands still: none, half of its bytes, or all. */
  lets: 'nothing' | 'half' | 'all';
  reach: () => void;
}

/**
 * Stands between the gateway and a guest's port as QEMU's socket does: one client at a time, bytes in order,
 * and nothing survives the end of a connection. It can stop the traffic at any line.
 */
export class LineProxy {
  private readonly port = new GuestPort((host) => this.serve(host));
  private pair: { host: Socket; guest: Socket } | null = null;
  private hold: PendingHold | null = null;
  private stopped: Direction | null = null;
  private kept: Record<Direction, Buffer[]> = { 'to-guest': [], 'to-host': [] };

  constructor(
    private readonly hostSide: string,
    private readonly guestSide: string,
  ) {}

  async open(): Promise<void> {
    await this.port.open(this.hostSide);
  }

  async close(): Promise<void> {
    this.drop();
    await this.port.close();
  }

  /** Stops the traffic in one direction at the first line that matches. */
  holdAt(
    direction: Direction,
    matches: (line: ChannelLine) => boolean,
    lets: PendingHold['lets'] = 'nothing',
  ): Hold {
    let isReached = false;
    this.hold = { direction, matches, lets, reach: () => (isReached = true) };
    return {
      reached: waitFor(() => isReached, { what: `a line ${direction}`, deadlineMs: 120_000 }).then(
        () => undefined,
      ),
      release: () => {
        this.hold = null;
        this.stopped = null;
        for (const side of ['to-guest', 'to-host'] as const)
          for (const bytes of this.kept[side].splice(0)) this.write(side, bytes);
      },
    };
  }

  private serve(host: Socket): void {
    const guest = connect({ path: this.guestSide });
    this.pair = { host, guest };
    this.relay(host, 'to-guest');
    this.relay(guest, 'to-host');
    for (const socket of [host, guest]) {
      socket.on('error', () => undefined);
      socket.once('close', () => {
        if (this.pair?.host === host) this.drop();
        host.destroy();
        guest.destroy();
      });
    }
  }

  private drop(): void {
    this.pair?.host.destroy();
    this.pair?.guest.destroy();
    this.pair = null;
    this.kept = { 'to-guest': [], 'to-host': [] };
  }

  private relay(from: Socket, direction: Direction): void {
    let rest = Buffer.alloc(0);
    from.on('data', (chunk: Buffer) => {
      rest = Buffer.concat([rest, chunk]);
      for (let end = rest.indexOf(10); end >= 0; end = rest.indexOf(10)) {
        this.pass(direction, rest.subarray(0, end + 1));
        rest = rest.subarray(end + 1);
      }
    });
  }

  private pass(direction: Direction, line: Buffer): void {
    const { hold } = this;
    if (this.stopped === direction) return void this.kept[direction].push(line);
    if (!hold || hold.direction !== direction || !hold.matches(parse(line)))
      return this.write(direction, line);
    const through = { nothing: 0, half: Math.floor(line.length / 2), all: line.length }[hold.lets];
    this.stopped = direction;
    this.hold = null;
    if (through > 0) this.write(direction, line.subarray(0, through));
    if (through < line.length) this.kept[direction].push(line.subarray(through));
    hold.reach();
  }

  private write(direction: Direction, bytes: Buffer): void {
    this.pair?.[direction === 'to-guest' ? 'guest' : 'host'].write(bytes);
  }
}

function parse(line: Buffer): ChannelLine {
  try {
    return JSON.parse(line.toString()) as ChannelLine;
  } catch {
    return { type: 'none' };
  }
}
