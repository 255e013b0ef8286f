import { setImmediate } from 'node:timers/promises';
import type { EntityProperty } from '@mikro-orm/core';
import type { Work } from './database.js';
import { dialectOf } from './sql.js';

/** Rows of one statement: some 10 ms of SQLite, which answers without a turn of the event loop. */
const ROWS_AT_ONCE = 250;

/**
 * Inserts many rows of one kind, a statement for each 250 of them: what is the same in all of them goes over
 * once, what differs as one JSON document. An entity's own way (`persist`) takes time that grows with the
 * square of the rows. Between statements others of the process have their turn.
 * @param rows with every field that has a column
 */
export async function insertAll<E extends object>(
  work: Work,
  entity: new () => E,
  rows: readonly E[],
): Promise<void> {
  const metadata = work.getMetadata(entity);
  const columns = metadata.props.filter(({ persist }) => persist !== false) as EntityProperty<E>[];
  for (let at = 0; at < rows.length; at += ROWS_AT_ONCE) {
    if (at > 0) await setImmediate();
    await insertSome(work, metadata.tableName, columns, rows.slice(at, at + ROWS_AT_ONCE));
  }
}

async function insertSome<E extends object>(
  work: Work,
  table: string,
  columns: EntityProperty<E>[],
  rows: readonly E[],
): Promise<void> {
  const { time, jsonRows } = dialectOf(work);
  const stored = (value: unknown, { type }: EntityProperty<E>): unknown => {
    if (value === undefined || value === null) return null;
    if (value instanceof Date) return time(value);
    return type === 'json' ? JSON.stringify(value) : value;
  };
  const [first] = rows;
  const isSame = columns.map(({ name }) => rows.every((row) => row[name] === first?.[name]));
  const differing = columns.filter((_, index) => !isSame[index]);
  const names = columns.map(({ fieldNames }) => `"${fieldNames[0]}"`);
  const values = columns.map((column, index) => {
    const type = column.columnTypes[0] ?? 'text';
    return isSame[index] ? jsonRows.same(type) : jsonRows.differing(type, differing.indexOf(column));
  });
  await work.execute(
    `insert into "${table}" (${names.join(', ')}) select ${values.join(', ')} from ${jsonRows.from}`,
    [
      ...columns.flatMap((column, index) => (isSame[index] ? [stored(first?.[column.name], column)] : [])),
      JSON.stringify(rows.map((row) => differing.map((column) => stored(row[column.name], column)))),
    ],
  );
}
