import { randomUUID } from 'node:crypto';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { adoptMachine, type Database, migrateToLatest, openDatabase } from '#db';
import { BusEvents } from '#protocol';
import { Bus, createLogger } from '#runtime';
import { startApp } from '../apps/apps.js';
import { freePort, type Running } from '../processes/processes.js';
import { type Postgres, startPostgres } from '../servers/postgres.js';
import { type RedisServer, startRedis } from '../servers/redis.js';
import { waitFor } from '../wait.js';

/** Where the database can be made to stand still: in the middle of the statement, before it is committed. */
export type StatementHold = 'claim' | 'delivery' | 'next-run';

/**
 * The trigger's own loop looks with a new snapshot each time, so that a deleted row of `hold` lets it go on.
 */
const HOLDS = `
create table hold (step text primary key);
create function wait_at_hold() returns trigger language plpgsql as $$
declare
  at text := case
    when tg_op = 'INSERT' then 'next-run'
    when old.status = 'PENDING' and new.status = 'RUNNING' then 'claim'
    when new.status = 'RUNNING' and old.delivery_started_at is null and new.delivery_started_at is not null then 'delivery'
  end;
begin
  while exists (select 1 from hold where step = at) loop perform pg_sleep(0.01); end loop;
  return new;
end $$;
create trigger hold_run before update on script_execution for each row execute function wait_at_hold();
create trigger hold_next before insert on script_execution for each row when (new.slot > 0) execute function wait_at_hold();
`;

/**
 * A gateway as a process, with PostgreSQL and Redis of its own: everything of it can be killed and comes
 * back.
 */
export class CrashWorld {
  readonly base = mkdtempSync(join(tmpdir(), 'infinibay-crash-'));
  private constructor(
    readonly database: Database,
    readonly postgres: Postgres,
    readonly redis: RedisServer,
    private readonly bus: Bus,
    private readonly databaseUrl: string,
    private readonly port: number,
  ) {}
  private gateway: Running | null = null;

  static async start(): Promise<CrashWorld> {
    const [postgres, redis] = await Promise.all([startPostgres(), startRedis()]);
    const databaseUrl = await postgres.createDatabase();
    const database = await openDatabase(databaseUrl);
    await migrateToLatest(database);
    await database.work().execute(HOLDS);
    const bus = new Bus(createLogger({ level: 'silent', app: 'test' }), redis.url);
    await bus.listen();
    const world = new CrashWorld(database, postgres, redis, bus, databaseUrl, await freePort());
    mkdirSync(join(world.base, 'sockets'), { mode: 0o750 });
    await world.startGateway();
    return world;
  }

  async startGateway(): Promise<void> {
    const env = {
      INFINIBAY_BASE_DIR: this.base,
      DATABASE_URL: this.databaseUrl,
      REDIS_URL: this.redis.url,
      HOST_ID: 'crash-host',
      GATEWAY_PORT: String(this.port),
      LEASE_SECONDS: '2',
      SWEEP_SECONDS: '1',
      LOG_LEVEL: process.env['TEST_LOG_LEVEL'] ?? 'warn',
    };
    this.gateway = await startApp('gateway', env, `http://127.0.0.1:${this.port}`);
  }

  async killGateway(): Promise<void> {
    await this.gateway?.stop('SIGKILL');
  }

  gatewayOutput(): string {
    return this.gateway?.output() ?? '';
  }

  socketOf(vmId: string): string {
    return join(this.base, 'sockets', `${vmId}.socket`);
  }

  async newMachine(): Promise<string> {
    const id = randomUUID();
    await this.database.transaction((work) =>
      adoptMachine(work, { id, name: id, os: 'linux', hostId: 'crash-host' }),
    );
    return id;
  }

  ring(machineId: string): void {
    this.bus.emit(BusEvents.wake(null), { machineId });
  }

  /** Lets a statement stand still when it comes. */
  async holdStatement(step: StatementHold): Promise<void> {
    await this.database.work().execute('insert into hold (step) values (?)', [step]);
  }

  /** Resolves when a statement stands still. */
  async statementHeld(): Promise<void> {
    await waitFor(
      async () => {
        const [row] = await this.database
          .work()
          .execute<{ n: string }[]>(
            `select count(*) as n from pg_stat_activity where datname = current_database() and wait_event = 'PgSleep'`,
          );
        return Number(row?.n) > 0;
      },
      { what: 'the statement', deadlineMs: 60_000 },
    );
  }

  async releaseStatements(): Promise<void> {
    // The server may have come back this very moment: our connections of before are dead.
    await waitFor(async () => [await this.database.work().execute('delete from hold')], {
      what: 'the hold to be lifted',
    });
  }

  async stop(): Promise<void> {
    await this.gateway?.stop('SIGKILL');
    await this.bus.close();
    await this.database.close();
    await this.redis.stop();
    await this.postgres.stop();
    rmSync(this.base, { recursive: true, force: true });
  }
}
