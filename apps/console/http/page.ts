import type { PageRequest, Position } from '#db';
import { isStorableTime, type Page } from '#protocol';
import { ConsoleError } from '../codes.js';

/** Milliseconds since 1970 (before it: less than 0), and a row's id. */
const CURSOR = /^(-?\d{1,15})\/([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})$/;

function encodeCursor({ createdAt, id }: Position): string {
  return Buffer.from(`${createdAt.getTime()}/${id}`).toString('base64url');
}

/** @throws AppError `cursor.invalid` (400) */
function decodeCursor(cursor: string): Position {
  const [, time, id] = CURSOR.exec(Buffer.from(cursor, 'base64url').toString()) ?? [];
  const createdAt = new Date(Number(time));
  if (id === undefined || !isStorableTime(createdAt))
    throw new ConsoleError('cursor.invalid', 'cursor: use the nextCursor of the page before');
  return { createdAt, id };
}

/**
 * What a list was asked for, in the words of the database.
 * @throws AppError `cursor.invalid` (400)
 */
export function pageRequest({ cursor, limit }: { cursor?: string | undefined; limit: number }): PageRequest {
  return { limit, after: cursor === undefined ? undefined : decodeCursor(cursor) };
}

/** Bytes of the items of one page: a longer one is cut after the row with which it has so many. */
const PAGE_BYTES = 1_048_576;

/**
 * A page of rows of which one more than the limit was asked for. It ends where it has enough bytes, with at
 * least one row; the cursor is that of its last row.
 */
export function toPage<R extends Position, T>(rows: R[], limit: number, map: (row: R) => T): Page<T> {
  const items: T[] = [];
  let bytes = 0;
  for (const row of rows.slice(0, limit)) {
    const item = map(row);
    items.push(item);
    bytes += Buffer.byteLength(JSON.stringify(item) ?? '');
    if (bytes >= PAGE_BYTES) break;
  }
  const last = rows[items.length - 1];
  return { items, nextCursor: rows.length > items.length && last ? encodeCursor(last) : null };
}
