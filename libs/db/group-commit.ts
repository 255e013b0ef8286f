import { setImmediate } from 'node:timers/promises';
import type { SqlEntityManager as Work } from '@mikro-orm/sql';

/** Others wait for as long as a group lasts. */
const GROUP_LIMIT = 32;

interface Member {
  run: (work: Work) => Promise<unknown>;
  resolve: (value: never) => void;
  reject: (error: unknown) => void;
}

/**
 * One commit for all transactions that want one in the same turn of the event loop: SQLite has one writer,
 * and each commit waits for the disk. Nothing waits for a group to fill. When anything in a group fails, all
 * of it is rolled back and each is run alone.
 */
export class GroupCommit {
  private readonly waiting: Member[] = [];
  private atWork = false;

  /** @param fresh a unit of work outside a transaction */
  constructor(private readonly fresh: () => Work) {}

  /**
   * Resolves after the commit.
   * @param run may be called again after a roll back: nothing but the database may know of its first call
   */
  run<T>(run: (work: Work) => Promise<T>): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      this.waiting.push({ run, resolve, reject });
      if (!this.atWork) this.work().catch((error: unknown) => rejectAll(this.waiting.splice(0), error));
    });
  }

  private async work(): Promise<void> {
    this.atWork = true;
    try {
      while (this.waiting.length > 0) {
        // SQLite answers without a turn of the loop: what others have sent would not even be read before the
        // commit.
        await setImmediate();
        const group = this.waiting.splice(0, GROUP_LIMIT);
        // Whoever has its result already keeps it.
        await this.carryOut(group).catch((error: unknown) => rejectAll(group, error));
      }
    } finally {
      this.atWork = false;
    }
  }

  private async carryOut(group: readonly Member[]): Promise<void> {
    if (group.length > 1 && (await this.together(group))) return;
    for (const member of group)
      await this.fresh()
        .transactional((work) => member.run(work))
        .then((value) => member.resolve(value as never), member.reject);
  }

  private async together(group: readonly Member[]): Promise<boolean> {
    let values: unknown[];
    try {
      values = await this.fresh().transactional(async (outer) => {
        const results: unknown[] = [];
        for (const member of group) {
          // A unit of work of its own: no member sees what another has only in memory.
          const work = this.fresh();
          work.setTransactionContext(outer.getTransactionContext());
          results.push(await member.run(work));
          await work.flush();
        }
        return results;
      });
    } catch {
      return false;
    }
    for (const [index, member] of group.entries()) member.resolve(values[index] as never);
    return true;
  }
}

function rejectAll(members: readonly Member[], error: unknown): void {
  for (const { reject } of members) reject(error);
}
