import type { Database } from '#db';

/** @returns the statements that the database is asked in between, with their values put in */
export async function statementsOf(database: Database, run: () => Promise<unknown>): Promise<string[]> {
  const connection = database.orm.em.getConnection() as unknown as {
    executeQuery: (sql: string, execute: () => Promise<unknown>, context: unknown) => Promise<unknown>;
  };
  const original = connection.executeQuery;
  const statements: string[] = [];
  connection.executeQuery = function (sql, execute, context) {
    const { formatted } = context as { formatted?: string };
    if (formatted !== undefined) statements.push(formatted);
    return original.call(this, sql, execute, context);
  };
  try {
    await run();
  } finally {
    connection.executeQuery = original;
  }
  return statements;
}

/** How SQLite goes about a statement: one line for each table and each sort. */
export async function planOf(database: Database, statement: string): Promise<string[]> {
  const rows = await database.work().execute<{ detail: string }[]>(`explain query plan ${statement}`);
  return rows.map(({ detail }) => detail);
}

interface PlanNode {
  'Node Type': string;
  'Actual Rows': number;
  'Actual Loops': number;
  'Rows Removed by Filter'?: number;
  'Rows Removed by Index Recheck'?: number;
  Plans?: PlanNode[];
}

/** How many rows PostgreSQL takes from tables and indexes for a statement, those among them that it drops. */
export async function rowsRead(database: Database, statement: string): Promise<number> {
  const [row] = await database
    .work()
    .execute<{ 'QUERY PLAN': { Plan: PlanNode }[] }[]>(`explain (analyze, format json) ${statement}`);
  const sum = (node: PlanNode): number => {
    const removed = (node['Rows Removed by Filter'] ?? 0) + (node['Rows Removed by Index Recheck'] ?? 0);
    const own = node['Node Type'].includes('Scan')
      ? (node['Actual Rows'] + removed) * node['Actual Loops']
      : 0;
    return own + (node.Plans ?? []).map(sum).reduce((a, b) => a + b, 0);
  };
  return (row?.['QUERY PLAN'] ?? []).map(({ Plan }) => sum(Plan)).reduce((a, b) => a + b, 0);
}

/**
 * Copies a row `count` times, each copy under an id of its own.
 * @param changed columns with the SQL expression of their value; `n.i` counts the copies from 1
 */
export async function copyRow(
  database: Database,
  table: string,
  id: string,
  count: number,
  changed: Record<string, string> = {},
): Promise<void> {
  const { isSqlite } = database;
  const work = database.work();
  const columns = await work.execute<{ name: string }[]>(
    isSqlite
      ? `select name from pragma_table_info('${table}')`
      : `select column_name as name from information_schema.columns where table_schema = current_schema() and table_name = '${table}'`,
  );
  const hex = (bytes: number): string => `lower(hex(randomblob(${bytes})))`;
  const newId = isSqlite ? [4, 2, 2, 2, 6].map(hex).join(` || '-' || `) : 'gen_random_uuid()';
  const values = columns.map(({ name }) => (name === 'id' ? newId : (changed[name] ?? `source."${name}"`)));
  await work.execute(
    `with recursive n(i) as (select 1 union all select i + 1 from n where i < ${count})
     insert into "${table}" (${columns.map(({ name }) => `"${name}"`).join(', ')})
     select ${values.join(', ')} from "${table}" source cross join n where source.id = '${id}'`,
  );
  await work.execute(isSqlite ? 'select 1' : `vacuum analyze "${table}"`);
}
