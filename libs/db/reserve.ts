import { statfs } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { SqlEntityManager as Work } from '@mikro-orm/sql';
import { DatabaseError } from './codes.js';

/** How long one look at the free space serves all who ask. */
const LOOK_SERVES_MS = 2000;
const MIB = 1_048_576;

export interface StorageLimits {
  /** Bytes that are kept for results and hellos. */
  reserveBytes: number;
  /** Bytes that PostgreSQL may take; null: nobody has said. SQLite has what its file system has. */
  sizeBytes: number | null;
}

export const DEFAULT_STORAGE: StorageLimits = { reserveBytes: 64 * MIB, sizeBytes: null };

/**
 * The last of the database's room. Below it nothing begins that somebody could begin later: a database that
 * is full can take no result of what runs already, from no machine.
 */
export class Reserve {
  private look: { at: number; free: Promise<number | null> } | null = null;

  /** @param file of SQLite; null for PostgreSQL */
  constructor(
    private readonly work: () => Work,
    private readonly file: string | null,
    private readonly limits: StorageLimits,
  ) {}

  /** Bytes that are left to the database; null where nobody can say. */
  freeBytes(): Promise<number | null> {
    const now = performance.now();
    if (this.look === null || now - this.look.at > LOOK_SERVES_MS)
      this.look = { at: now, free: this.measure() };
    return this.look.free;
  }

  /** True while there is room for more than what must be taken. */
  async hasRoom(): Promise<boolean> {
    const free = await this.freeBytes();
    return free === null || free >= this.limits.reserveBytes;
  }

  /**
   * @param what is refused, e.g. `no execution is taken`
   * @throws DatabaseError `database.reserve` (507)
   */
  async require(what: string): Promise<void> {
    if (await this.hasRoom()) return;
    const free = await this.freeBytes();
    throw new DatabaseError('database.reserve', `${what}: ${this.describe(free ?? 0)}`);
  }

  /** What an operator should know; null while there is room. */
  async note(): Promise<string | null> {
    const free = await this.freeBytes();
    return free === null || free >= this.limits.reserveBytes ? null : this.describe(free);
  }

  private describe(free: number): string {
    const mib = (bytes: number): number => Math.floor(bytes / MIB);
    const raise = this.file === null ? ', raise DATABASE_SIZE_MIB with its volume' : '';
    return `the database has ${mib(Math.max(0, free))} MiB left, and ${mib(this.limits.reserveBytes)} MiB are kept for results and hellos (DATABASE_RESERVE_MIB): make room${raise}`;
  }

  private async measure(): Promise<number | null> {
    if (this.file !== null) {
      const { bavail, bsize } = await statfs(dirname(this.file));
      return bavail * bsize;
    }
    if (this.limits.sizeBytes === null) return null;
    const [row] = await this.work().execute<{ bytes: string }[]>(
      'select pg_database_size(current_database()) as bytes',
    );
    return this.limits.sizeBytes - Number(row?.bytes ?? 0);
  }
}
