import { type EntityName, type FilterQuery, type FindOptions, raw } from '@mikro-orm/core';
import type { Work } from '../database.js';
import { dialectOf } from '../sql.js';

/** Where a page ends: lists are newest first, by time and id. */
export interface Position {
  createdAt: Date;
  id: string;
}

export interface PageRequest {
  /** The last row of the page before; undefined for the first page. */
  after?: Position | undefined;
  /** Rows at most; one more is read, which tells whether there is a page after. */
  limit: number;
  /** Made at this time or later. */
  from?: Date | undefined;
  /** Made before this time. */
  to?: Date | undefined;
}

/**
 * A page of a list and one row more, newest first. It is found by key, in an index that begins with what
 * `where` names by equality and ends with `created_at, id`: a page costs its own rows, however many stand
 * before and behind it. Nothing is counted.
 */
export function findPage<E extends Position>(
  work: Work,
  entity: EntityName<E>,
  where: FilterQuery<E>,
  page: PageRequest,
  options: { exclude?: readonly (keyof E & string)[] } = {},
): Promise<E[]> {
  const wanted = {
    ...options,
    orderBy: { createdAt: 'desc', id: 'desc' } as never,
    limit: page.limit + 1,
  } as FindOptions<E>;
  return work.find(entity, { $and: [where, ...bounds(work, page)] } as never, wanted as never);
}

/** One upper bound alone: of two, SQLite takes one for its index and reads what the other excludes. */
function bounds(work: Work, { after, from, to }: PageRequest): object[] {
  const { time } = dialectOf(work);
  const since = from ? [{ createdAt: { $gte: from } }] : [];
  if (after && (!to || after.createdAt < to)) {
    // A pair of columns is compared along the index; `a < x or (a = x and b < y)` would be two ways into it.
    const before = raw('([::alias::].created_at, [::alias::].id) < (?, ?)', [
      time(after.createdAt),
      after.id,
    ]);
    return [...since, { [before as unknown as string]: [] }];
  }
  return to ? [...since, { createdAt: { $lt: to } }] : since;
}
