import { createHash, randomUUID } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { Readable } from 'node:stream';
import { Inject, Injectable } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { Database, databaseNow, Download, findMediumByProof, recordPinFetched } from '#db';
import { LOGGER, type Logger, Metrics } from '#runtime';
import type { StoredArtifact } from '../artifacts/stored-artifact.js';
import { type ByteRange, ifNoneMatchHolds, ifRangeHolds, parseRange } from './conditional.js';
import { dropWhenIdle } from './reader-watch.js';

interface DownloadLimits {
  /** A reader that takes nothing for this long is dropped. */
  idleMs: number;
}
export const DOWNLOAD_LIMITS: DownloadLimits = { idleMs: 60_000 };
/** Injection token of the limits. */
export const DOWNLOAD_LIMITS_TOKEN = Symbol('DOWNLOAD_LIMITS');
const ONE_YEAR_SECONDS = 31_536_000;

/**
 * Answers one download: conditions, ranges, and a stream whose memory does not grow with the file or the
 * number of readers.
 */
@Injectable()
export class DownloadService {
  private readonly bytes;

  constructor(
    @Inject(Database) private readonly database: Database,
    @Inject(LOGGER) private readonly logger: Logger,
    @Inject(DOWNLOAD_LIMITS_TOKEN) private readonly limits: DownloadLimits,
    @Inject(Metrics) metrics: Metrics,
  ) {
    this.bytes = metrics.counter('infinibay_distribution_bytes_total', 'Bytes of artifacts sent to guests.', [
      'kind',
    ]);
  }

  async answer(
    artifact: StoredArtifact,
    request: FastifyRequest,
    reply: FastifyReply,
    options: { immutable: boolean },
  ): Promise<void> {
    const etag = `"${artifact.sha256}"`;
    reply.headers({
      etag,
      'accept-ranges': 'bytes',
      'last-modified': artifact.modifiedAt.toUTCString(),
      'cache-control': options.immutable ? `public, max-age=${ONE_YEAR_SECONDS}, immutable` : 'no-cache',
      // RFC 9530: of the whole file, also on partial answers, so that a resumed download can be checked.
      'repr-digest': `sha-256=:${Buffer.from(artifact.sha256, 'hex').toString('base64')}:`,
    });
    if (ifNoneMatchHolds(request.headers['if-none-match'], etag))
      return void (await reply.status(304).send());
    const usesRange =
      request.method === 'GET' &&
      ifRangeHolds(request.headers['if-range']?.toString(), etag, artifact.modifiedAt);
    const range = usesRange ? parseRange(request.headers.range, artifact.size) : 'whole';
    if (range === 'unsatisfiable') {
      return void (await reply.status(416).header('content-range', `bytes */${artifact.size}`).send());
    }
    const part: ByteRange = range === 'whole' ? { start: 0, end: artifact.size - 1 } : range;
    const length = part.end - part.start + 1;
    reply
      .status(range === 'whole' ? 200 : 206)
      .header('content-type', artifact.entry.contentType)
      .header('content-disposition', `attachment; filename="${artifact.entry.file}"`)
      .header('content-length', length);
    if (range !== 'whole') reply.header('content-range', `bytes ${part.start}-${part.end}/${artifact.size}`);
    // An empty stream: Fastify would set the length of an empty text.
    if (request.method === 'HEAD' || artifact.size === 0) return void (await reply.send(Readable.from([])));
    this.stream(artifact, part, request, reply);
  }

  private stream(
    artifact: StoredArtifact,
    part: ByteRange,
    request: FastifyRequest,
    reply: FastifyReply,
  ): void {
    const file = createReadStream(artifact.contentPath, { start: part.start, end: part.end });
    let sent = 0;
    // A connection that is gone no longer knows whose it was.
    const address = request.ip;
    const proof = bearerOf(request.headers.authorization);
    file.on('data', (chunk) => {
      sent += chunk.length;
    });
    // A copy that is cut while it is read would leave the reader waiting for the rest.
    file.once('end', () => {
      if (sent < part.end - part.start + 1) reply.raw.destroy();
    });
    dropWhenIdle(reply.raw, this.limits.idleMs);
    reply.raw.once('close', () => {
      file.destroy();
      this.bytes.inc({ kind: artifact.entry.kind }, sent);
      const complete = reply.raw.writableFinished;
      // A part that goes to the end is the last one of a download that was taken up again.
      const whole = complete && part.end === artifact.size - 1;
      this.record(artifact, address, proof, { status: reply.statusCode, bytes: sent, complete, whole }).catch(
        (error: unknown) => this.logger.warn({ err: error }, 'a download was not recorded'),
      );
    });
    void reply.send(file);
  }

  private async record(
    artifact: StoredArtifact,
    address: string,
    proof: string | null,
    outcome: { status: number; bytes: number; complete: boolean; whole: boolean },
  ): Promise<void> {
    const work = this.database.work();
    const medium = proof === null ? null : await findMediumByProof(work, proof);
    // The public agent's first-boot scripts wait for it.
    if (medium && outcome.whole) await recordPinFetched(work, medium, artifact.sha256);
    work.persist(
      work.create(
        Download,
        {
          id: randomUUID(),
          machineId: medium?.machineId ?? null,
          address,
          sha256: artifact.sha256,
          file: artifact.entry.file,
          version: artifact.version,
          bytes: outcome.bytes,
          status: outcome.status,
          result: outcome.complete ? 'complete' : 'aborted',
          createdAt: await databaseNow(work),
        },
        { partial: true },
      ),
    );
    await work.flush();
  }
}

/**
 * The SHA-256 of the proof of an install medium, which its downloads carry as bearer token; null for a
 * request without one. A token that is no medium's costs nothing but its mark: these files are for everybody.
 */
function bearerOf(header: string | undefined): string | null {
  const token = /^Bearer ([0-9a-f]{64})$/i.exec(header ?? '')?.[1];
  return token === undefined ? null : createHash('sha256').update(token).digest('hex');
}
