import type { AbstractSqlConnection } from '@mikro-orm/sql';

/** A client of a pg pool, as long as somebody has it. */
interface PoolClient {
  query: (...given: unknown[]) => unknown;
  connection: { stream: { destroyed: boolean; destroy(): unknown } };
  release: (error?: Error | boolean) => void;
  once(event: 'end', listener: () => void): unknown;
  off(event: 'end', listener: () => void): unknown;
}

export interface ClientPool {
  on(event: 'connect' | 'acquire' | 'remove', listener: (client: PoolClient) => void): unknown;
  on(event: 'release', listener: (error: unknown, client: PoolClient) => void): unknown;
}

/** How long PostgreSQL may be silent, in milliseconds. */
export interface DatabaseDeadlines {
  /** Until a connection stands, the wait for a free one of the pool among it. */
  connectMs: number;
  /** Of one statement. What becomes of one that is not answered by then is not known. */
  statementMs: number;
}

/**
 * Ends connections whose statement met its deadline. The statement may have been executed or not, and its
 * answer may come yet, which must not be read as the next one's: nothing but the end of the connection tells
 * them apart. The idle connections go with it, for they lead to the same silence.
 */
export function endSilent(pool: ClientPool): void {
  const idle = new Set<PoolClient>();
  pool.on('acquire', (client) => idle.delete(client));
  pool.on('release', (error, client) => void (error ? idle.delete(client) : idle.add(client)));
  pool.on('remove', (client) => idle.delete(client));
  pool.on('connect', (client) => {
    const query = client.query.bind(client);
    client.query = (...given) => {
      const answer = query(...given);
      if (!(answer instanceof Promise)) return answer;
      return answer.catch(async (error: unknown) => {
        // Ended before anybody asks again: the pool would hand one out that is about to go.
        if (isLate(error)) await Promise.all([client, ...idle].map(endNow));
        throw error;
      });
    };
  });
}

function endNow(client: PoolClient): Promise<unknown> {
  const { stream } = client.connection;
  if (stream.destroyed) return Promise.resolve();
  return new Promise<void>((resolve) => {
    client.once('end', resolve);
    stream.destroy();
  });
}

/** The words of pg's client (8.x) for a statement that met its `query_timeout`. */
function isLate(error: unknown): boolean {
  return error instanceof Error && error.message === 'Query read timeout';
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
