import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { Inject, Injectable } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { type ByteRange, dropWhenIdle, wantedPart } from '#app';
import { Database, findMediumByProof, recordDownload, recordPinFetched } from '#db';
import { LOGGER, type Logger, Metrics } from '#runtime';
import type { StoredArtifact } from '../artifacts/stored-artifact.js';

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
      'cache-control': options.immutable ? `public, max-age=${ONE_YEAR_SECONDS}, immutable` : 'no-cache',
      // RFC 9530: of the whole file, also on partial answers, so that a resumed download can be checked.
      'repr-digest': `sha-256=:${Buffer.from(artifact.sha256, 'hex').toString('base64')}:`,
    });
    const { size, modifiedAt, entry } = artifact;
    const file = { size, etag, modifiedAt, contentType: entry.contentType, fileName: entry.file };
    const part = await wantedPart(file, request, reply);
    if (part === null) return;
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
    const { bytes, status, complete, whole } = outcome;
    const work = this.database.work();
    const medium = proof === null ? null : await findMediumByProof(work, proof);
    // The public agent's first-boot scripts wait for it.
    if (medium && whole) await recordPinFetched(work, medium, artifact.sha256);
    await recordDownload(work, {
      machineId: medium?.machineId ?? null,
      address,
      sha256: artifact.sha256,
      file: artifact.entry.file,
      version: artifact.version,
      bytes,
      status,
      result: complete ? 'complete' : 'aborted',
    });
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
