import type { SqlEntityManager as Work } from '@mikro-orm/sql';

/**
 * `key share` keeps a row from being deleted, `no key update` from being changed as well, `update` from being
 * locked at all (PostgreSQL's row-level locks).
 */
type LockStrength = 'key share' | 'no key update' | 'update';

/**
 * The few words in which the two databases differ. Statements that must be one (claim, complete) are written
 * in SQL, since the database's clock and `UPDATE … RETURNING` are what they stand on.
 */
export interface Dialect {
  /** The database's own time with milliseconds, as the columns store it. */
  now: string;
  /** Appended to a sub-select that must not wait for or share rows with another. */
  skipLocked: string;
  /**
   * A statement that locks rows until the transaction ends and returns their ids. SQLite has one writer:
   * there the statement makes us it.
   */
  lockRows: (table: string, condition: string, strength: LockStrength) => string;
  /** `now` plus a number of seconds given as a parameter. */
  nowPlusSeconds: string;
  /** `now` less a number of seconds that an SQL expression gives. */
  nowMinusSeconds: (seconds: string) => string;
  /** A time as a statement's parameter. */
  time: (value: Date) => Date | number;
  /** A statement that takes many rows as one parameter: a JSON array of arrays. */
  jsonRows: {
    from: string;
    /** The value at a place of each row, as a column of a type. */
    differing: (type: string, index: number) => string;
    /** A parameter that is the same in all rows. */
    same: (type: string) => string;
  };
}

const SQLITE: Dialect = {
  now: `cast(round(unixepoch('subsec') * 1000) as integer)`,
  skipLocked: '',
  lockRows: (table, condition) => `update ${table} set id = id where ${condition} returning id`,
  nowPlusSeconds: `(cast(round(unixepoch('subsec') * 1000) as integer) + cast(? * 1000 as integer))`,
  nowMinusSeconds: (seconds) => `(cast(round(unixepoch('subsec') * 1000) as integer) - (${seconds}) * 1000)`,
  time: (value) => value.getTime(),
  jsonRows: {
    from: 'json_each(?) as given',
    differing: (_type, index) => `json_extract(given.value, '$[${index}]')`,
    same: () => '?',
  },
};

const POSTGRESQL: Dialect = {
  now: `date_trunc('milliseconds', clock_timestamp())`,
  skipLocked: 'for update skip locked',
  // Ordered, so that two that lock some of the same rows do not wait for each other.
  lockRows: (table, condition, strength) =>
    `select id from ${table} where ${condition} order by id for ${strength}`,
  nowPlusSeconds: `(date_trunc('milliseconds', clock_timestamp()) + make_interval(secs => ?))`,
  nowMinusSeconds: (seconds) =>
    `(date_trunc('milliseconds', clock_timestamp()) - make_interval(secs => ${seconds}))`,
  time: (value) => value,
  jsonRows: {
    from: 'jsonb_array_elements(?::jsonb) as given(value)',
    differing: (type, index) => `(given.value->>${index})::${type}`,
    same: (type) => `?::${type}`,
  },
};

export function dialectOf(work: Work): Dialect {
  return work.getPlatform().constructor.name.startsWith('Sqlite') ? SQLITE : POSTGRESQL;
}

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;

/**
 * True for an id as we write it. Guests name ids too: PostgreSQL refuses the whole statement when one is no
 * UUID.
 */
export function isRowId(text: string): boolean {
  return UUID.test(text);
}

/** The database's clock. */
export async function databaseNow(work: Work): Promise<Date> {
  const [row] = await work.execute<{ now: string | number | Date }[]>(`select ${dialectOf(work).now} as now`);
  return new Date(row?.now ?? Number.NaN);
}

/**
 * States as a list of SQL literals, for `in (...)`. For our own names only: anything else goes in as a
 * parameter.
 */
export function literals(names: readonly string[]): string {
  return names.map((name) => `'${name.replaceAll("'", "''")}'`).join(', ');
}
