import { closeSync, mkdirSync, openSync } from 'node:fs';
import { dirname } from 'node:path';
import { type EntityManager as CoreEntityManager, MikroORM, type Options } from '@mikro-orm/core';
import { Migrator } from '@mikro-orm/migrations';
import { PostgreSqlDriver } from '@mikro-orm/postgresql';
import type { AbstractSqlConnection, SqlEntityManager } from '@mikro-orm/sql';
import { SqliteDriver } from '@mikro-orm/sqlite';
import {
  type ClientPool,
  type DatabaseDeadlines,
  endSilent,
  giveBackDropped,
  giveBackEnded,
} from './connections.js';
import { Host } from './entities/host.js';
import { Machine } from './entities/machine.js';
import { MachineCommand } from './entities/machine-command.js';
import { Artifact, Download, Media } from './entities/media.js';
import { AuditEntry, ConsoleToken, IdempotencyKey, MachineEvent, Readiness } from './entities/records.js';
import { RunContent } from './entities/run-content.js';
import { ScriptExecution, Series } from './entities/script-execution.js';
import { Script, ScriptVersion } from './entities/script.js';
import { GroupCommit } from './group-commit.js';
import { openFault } from './open-fault.js';
import { WriteProbe } from './readiness.js';
import { DEFAULT_STORAGE, Reserve, type StorageLimits } from './reserve.js';
import { postgresqlMigrations } from './migrations/postgresql/list.js';
import { giveBackUnbegun } from './unbegun.js';
import { sqliteMigrations } from './migrations/sqlite/list.js';

const ENTITIES = [
  Machine,
  Host,
  Script,
  ScriptVersion,
  ScriptExecution,
  Series,
  Media,
  Artifact,
  Download,
  MachineEvent,
  MachineCommand,
  RunContent,
  AuditEntry,
  ConsoleToken,
  IdempotencyKey,
  Readiness,
];

/** One unit of work: reads and writes through it share a transaction when it came from `transaction()`. */
export type Work = SqlEntityManager;

/** What an app waits for unless it is told otherwise; see the variables in docs/operations.md. */
const DEADLINES: DatabaseDeadlines = { connectMs: 10_000, statementMs: 30_000 };
/** Before the first probe of a connection that is idle, in milliseconds. */
const KEEP_ALIVE_AFTER_MS = 10_000;

/** Options for the driver that a URL names; see `DATABASE_URL` in docs/operations.md. */
export function databaseOptions(url: string, deadlines = DEADLINES): Options {
  const common = {
    entities: ENTITIES,
    extensions: [Migrator],
    // Rows are read fresh for every unit of work; a context shared by accident must fail at once.
    allowGlobalContext: false,
    discovery: { checkDuplicateTableNames: true },
    forceUtcTimezone: true,
  };
  const migrations = {
    snapshot: false,
    tableName: 'migration',
    transactional: true,
    allOrNothing: true,
    // Whoever migrates says what was done; it is no line for an app's log.
    silent: true,
  };
  if (url.startsWith('sqlite:')) {
    return {
      ...common,
      driver: SqliteDriver,
      dbName: url.slice('sqlite:'.length),
      migrations: { ...migrations, migrationsList: sqliteMigrations },
    } as unknown as Options;
  }
  return {
    ...common,
    driver: PostgreSqlDriver,
    clientUrl: url,
    pool: { min: 0, max: 10 },
    driverOptions: {
      onPoolCreated: (pool: ClientPool) => {
        endSilent(pool);
        giveBackDropped(pool);
      },
      keepAlive: true,
      keepAliveInitialDelayMillis: KEEP_ALIVE_AFTER_MS,
      connectionTimeoutMillis: deadlines.connectMs,
      query_timeout: deadlines.statementMs,
      // The server's own, so that a statement whose client has gone silent holds no row for longer.
      statement_timeout: deadlines.statementMs,
      idle_in_transaction_session_timeout: deadlines.statementMs,
    },
    migrations: { ...migrations, migrationsList: postgresqlMigrations },
  } as unknown as Options;
}

/** An open database. */
export class Database {
  readonly isSqlite: boolean;
  /** What is left of its room. */
  readonly reserve: Reserve;
  private readonly group = new GroupCommit(() => this.work());

  constructor(
    readonly orm: MikroORM,
    readonly url: string,
    private readonly release: () => Promise<void>,
    limits: StorageLimits,
  ) {
    this.isSqlite = url.startsWith('sqlite:');
    const file = this.isSqlite ? url.slice('sqlite:'.length) : null;
    this.reserve = new Reserve(() => this.work(), file, limits);
  }

  /** A fresh unit of work outside a transaction. */
  work(): Work {
    return this.orm.em.fork() as CoreEntityManager as Work;
  }

  /**
   * Runs all of it or nothing. Nothing may be awaited inside that is not the database: on SQLite everybody
   * else waits.
   */
  transaction<T>(run: (work: Work) => Promise<T>): Promise<T> {
    return this.work().transactional((work) => run(work));
  }

  /**
   * As `transaction`, and on SQLite in one commit with others that wait at the same time: for what hundreds
   * of machines may send at once.
   * @param run may be called again after a roll back: nothing but the database may know of its first call
   */
  groupedTransaction<T>(run: (work: Work) => Promise<T>): Promise<T> {
    // PostgreSQL has many writers, and groups the commits of its connections itself.
    return this.isSqlite ? this.group.run(run) : this.transaction(run);
  }

  /** @throws when the database does not answer, or can take no result */
  async check(): Promise<void> {
    await this.work().execute('select 1');
    const probe = probes.get(this.orm) ?? new WriteProbe(() => this.work());
    probes.set(this.orm, probe);
    await probe.check();
  }

  close(): Promise<void> {
    return this.release();
  }
}

/** One for each database, however many apps of the process ask. */
const probes = new WeakMap<MikroORM, WriteProbe>();
const opened = new Map<string, { opening: Promise<MikroORM>; users: number }>();

/**
 * Opens the database of a URL. One process has one connection pool per URL, however many apps share the
 * process: a second SQLite connection would wait for the first one's transaction inside the only thread that
 * could end it.
 */
export async function openDatabase(
  url: string,
  deadlines = DEADLINES,
  limits: StorageLimits = DEFAULT_STORAGE,
): Promise<Database> {
  const entry = opened.get(url) ?? { opening: connect(url, deadlines), users: 0 };
  opened.set(url, entry);
  entry.users += 1;
  const release = async (): Promise<void> => {
    entry.users -= 1;
    if (entry.users > 0) return;
    opened.delete(url);
    await (await entry.opening).close(true);
  };
  try {
    return new Database(await entry.opening, url, once(release), limits);
  } catch (error) {
    opened.delete(url);
    throw error;
  }
}

function once(run: () => Promise<void>): () => Promise<void> {
  let result: Promise<void> | undefined;
  return () => (result ??= run());
}

/** @throws DatabaseError `database.unreachable`, in one line */
export async function connect(url: string, deadlines: DatabaseDeadlines): Promise<MikroORM> {
  let orm: MikroORM | undefined;
  try {
    orm = await init(url, deadlines);
    // PostgreSQL's pool connects when it is first asked.
    await orm.em.getConnection().execute('select 1');
    return orm;
  } catch (error) {
    await orm?.close(true).catch(() => undefined);
    throw openFault(error, url);
  }
}

async function init(url: string, deadlines: DatabaseDeadlines): Promise<MikroORM> {
  if (url.startsWith('sqlite:')) {
    const file = url.slice('sqlite:'.length);
    mkdirSync(dirname(file), { recursive: true, mode: 0o750 });
    // Results and inputs of scripts are nobody else's to read; SQLite gives its other files the same mode.
    closeSync(openSync(file, 'a', 0o600));
  }
  const orm = await MikroORM.init(databaseOptions(url, deadlines));
  const connection = orm.em.getConnection() as AbstractSqlConnection;
  giveBackUnbegun(connection);
  if (url.startsWith('sqlite:')) {
    giveBackEnded(connection);
    // FULL: a result that was acked to a guest must survive a power cut of the host.
    for (const pragma of ['journal_mode = WAL', 'synchronous = FULL', 'busy_timeout = 5000']) {
      await connection.execute(`pragma ${pragma}`);
    }
  }
  return orm;
}
