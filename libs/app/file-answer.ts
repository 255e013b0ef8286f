import { Readable } from 'node:stream';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { type ByteRange, ifNoneMatchHolds, ifRangeHolds, parseRange } from './conditional.js';

/** What a request for a file has to be told of it. */
export interface AnsweredFile {
  /** Bytes. */
  size: number;
  /** Strong, in its quotes. */
  etag: string;
  modifiedAt: Date;
  contentType: string;
  /** What a browser saves it as. */
  fileName: string;
}

/**
 * Begins the answer to a GET or HEAD of a file, RFC 9110: validators, `If-None-Match`, one range under
 * `If-Range`, status and lengths.
 * @returns the bytes that are still to be sent; null when the answer has none and was sent
 */
export async function wantedPart(
  file: AnsweredFile,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<ByteRange | null> {
  const { size, etag, modifiedAt } = file;
  const { method, headers } = request;
  reply.headers({ etag, 'accept-ranges': 'bytes', 'last-modified': modifiedAt.toUTCString() });
  if (ifNoneMatchHolds(headers['if-none-match'], etag)) {
    await reply.status(304).send();
    return null;
  }
  const usesRange = method === 'GET' && ifRangeHolds(headers['if-range']?.toString(), etag, modifiedAt);
  const range = usesRange ? parseRange(headers.range, size) : 'whole';
  if (range === 'unsatisfiable') {
    await reply.status(416).header('content-range', `bytes */${size}`).send();
    return null;
  }
  const part: ByteRange = range === 'whole' ? { start: 0, end: size - 1 } : range;
  reply
    .status(range === 'whole' ? 200 : 206)
    .header('content-type', file.contentType)
    .header('content-disposition', `attachment; filename="${file.fileName}"`)
    .header('content-length', part.end - part.start + 1);
  if (range !== 'whole') reply.header('content-range', `bytes ${part.start}-${part.end}/${size}`);
  if (method !== 'HEAD' && size > 0) return part;
  // An empty stream: Fastify would set the length of an empty text.
  await reply.send(Readable.from([]));
  return null;
}
