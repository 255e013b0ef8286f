import type { AbstractSqlConnection } from '@mikro-orm/sql';

/** A client of a pg pool, as long as somebody has it. */
interface PoolClient {
  release: (error?: Error | boolean) => void;
  once(event: 'end', listener: () => void): unknown;
  off(event: 'end', listener: () => void): unknown;
}

interface ClientPool {
  on(event: 'acquire', listener: (client: PoolClient) => void): unknown;
}

/**
 * Gives connections that the server has dropped back to the pool. kysely (0.29) gives a transaction's
 * connection back after a COMMIT or a ROLLBACK that succeeded; on a dropped one neither does, nor does a
 * BEGIN, and each such transaction would keep one of the pool's places for good.
 */
export function giveBackDropped(pool: ClientPool): void {
  pool.on('acquire', (client) => {
    // pg-pool puts `release` in place right after this event, and hands the client out after that.
    queueMicrotask(() => {
      const { release } = client;
      let isOut = true;
      const giveBack = (error?: Error | boolean): void => {
        if (!isOut) return;
        isOut = false;
        client.off('end', dropped);
        release(error);
      };
      const dropped = (): void => giveBack(true);
      client.once('end', dropped);
      client.release = giveBack;
    });
  });
}

/**
 * Gives SQLite's one connection back after a transaction that SQLite itself has ended, as it does when the
 * disk is full ("Response To Errors Within A Transaction" of its manual): there is nothing to roll back then,
 * ROLLBACK fails, and kysely keeps the connection for good.
 */
export function giveBackEnded(connection: AbstractSqlConnection): void {
  const rollback = connection.rollback.bind(connection);
  connection.rollback = async (transaction, ...more) => {
    try {
      await rollback(transaction, ...more);
    } catch {
      // An empty one in its place can be rolled back.
      await connection.execute('begin', [], 'run', transaction);
      await rollback(transaction, ...more);
    }
  };
}
