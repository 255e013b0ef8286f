import { isStorableTime, type Page, uuid } from '#protocol';
import { ConsoleError } from '../codes.js';

/** Where a page ends: newest first, by time and id. */
export interface Position {
  createdAt: Date;
  id: string;
}

function encodeCursor({ createdAt, id }: Position): string {
  return Buffer.from(`${createdAt.getTime()}/${id}`).toString('base64url');
}

/** @throws AppError `cursor.invalid` (400) */
function decodeCursor(cursor: string): Position {
  const [time, id] = Buffer.from(cursor, 'base64url').toString().split('/');
  const createdAt = new Date(Number(time));
  if (!uuid.safeParse(id).success || !isStorableTime(createdAt)) {
    throw new ConsoleError('cursor.invalid', 'cursor: use the nextCursor of the page before');
  }
  return { createdAt, id: id ?? '' };
}

/** The condition for rows after a cursor. */
export function after(cursor: string | undefined): object {
  if (cursor === undefined) return {};
  const { createdAt, id } = decodeCursor(cursor);
  return { $or: [{ createdAt: { $lt: createdAt } }, { createdAt, id: { $lt: id } }] };
}

/** A page of rows that were asked for with one more than the limit. */
export function toPage<R extends Position, T>(rows: R[], limit: number, map: (row: R) => T): Page<T> {
  const page = rows.slice(0, limit);
  const last = page.at(-1);
  return { items: page.map(map), nextCursor: rows.length > limit && last ? encodeCursor(last) : null };
}

export const NEWEST_FIRST = { createdAt: 'desc', id: 'desc' } as const;
