import type { PageRequest, Position } from '#db';
import type { Page } from '#protocol';
import { ConsoleError } from '../codes.js';

/** Milliseconds since 1970 up to the end of the year 9999, and a row's id. */
const CURSOR = /^(\d{1,15})\/([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})$/;
const LATEST_MS = Date.UTC(10_000, 0) - 1;

function encodeCursor({ createdAt, id }: Position): string {
  return Buffer.from(`${createdAt.getTime()}/${id}`).toString('base64url');
}

/** @throws AppError `cursor.invalid` (400) */
function decodeCursor(cursor: string): Position {
  const [, time, id] = CURSOR.exec(Buffer.from(cursor, 'base64url').toString()) ?? [];
  if (time === undefined || id === undefined || Number(time) > LATEST_MS)
    throw new ConsoleError('cursor.invalid', 'cursor: use the nextCursor of the page before');
  return { createdAt: new Date(Number(time)), id };
}

/**
 * What a list was asked for, in the words of the database.
 * @throws AppError `cursor.invalid` (400)
 */
export function pageRequest({ cursor, limit }: { cursor?: string | undefined; limit: number }): PageRequest {
  return { limit, after: cursor === undefined ? undefined : decodeCursor(cursor) };
}

/** A page of rows of which one more than the limit was asked for. */
export function toPage<R extends Position, T>(rows: R[], limit: number, map: (row: R) => T): Page<T> {
  const page = rows.slice(0, limit);
  const last = page.at(-1);
  return { items: page.map(map), nextCursor: rows.length > limit && last ? encodeCursor(last) : null };
}
