import type { AbstractSqlConnection } from '@mikro-orm/sql';

/** The parts of kysely (0.29) that are touched here. */
interface KyselyConnection {
  executeQuery(query: { sql: string }, ...more: unknown[]): Promise<unknown>;
}
type Consumer = (connection: KyselyConnection) => Promise<unknown>;
interface ConnectionProvider {
  provideConnection(consumer: Consumer, ...more: unknown[]): Promise<unknown>;
}

/**
 * Gives a connection back whose BEGIN has failed. kysely (0.29) keeps it for good: on SQLite, which has one,
 * everybody would wait for ever; on PostgreSQL one of the pool's places would be lost each time.
 */
export function giveBackUnbegun(connection: AbstractSqlConnection): void {
  const provider = connection.getClient().getExecutor() as unknown as ConnectionProvider;
  const provide = provider.provideConnection.bind(provider);
  /** How to end the present hold on a connection. */
  const holds = new WeakMap<KyselyConnection, () => void>();
  const watched = new WeakSet<KyselyConnection>();
  provider.provideConnection = (consumer, ...more) =>
    provide(
      (held) => {
        if (!watched.has(held)) {
          watched.add(held);
          watchBegin(held, () => holds.get(held)?.());
        }
        const ended = new Promise<void>((resolve) => holds.set(held, resolve));
        return Promise.race([consumer(held), ended]);
      },
      ...more,
    );
}

function watchBegin(connection: KyselyConnection, failed: () => void): void {
  const execute = connection.executeQuery.bind(connection);
  connection.executeQuery = async (query, ...more) => {
    try {
      return await execute(query, ...more);
    } catch (error) {
      if (/^(begin|start transaction)\b/.test(query.sql)) failed();
      throw error;
    }
  };
}
