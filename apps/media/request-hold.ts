import { createHmac } from 'node:crypto';
import { Inject, Injectable } from '@nestjs/common';
import {
  Database,
  dropIdempotencyKey,
  finishIdempotencyKey,
  holdIdempotencyKey,
  renewIdempotencyKey,
  type Work,
} from '#db';
import { BusRequests, type MediaRequest } from '#protocol';
import { AppError, LOGGER, type Logger } from '#runtime';
import { openPasswords } from '#secrets';
import { MediaError } from './codes.js';
import type { MediaConfig } from './config.js';
import type { Asker } from './asker.js';
import { MEDIA_CONFIG } from './preconditions.js';

/** A process that has not renewed its hold for so long has died, or stands still. */
const LEASE_SECONDS = 30;

/** A request's id, held while its medium is being made. */
export interface Hold {
  /**
   * Marks the request as answered, in the transaction that makes the medium.
   * @throws AppError `media.in_progress` (409) when another process has taken this one's place
   */
  finish(work: Work): Promise<void>;
}

/**
 * Requests that are being carried out. Writing an image takes longer than a transaction may, so each holds
 * its id under a lease, which is renewed while the work goes on; one that lapses is taken over.
 */
@Injectable()
export class RequestHolds {
  protected readonly leaseSeconds: number = LEASE_SECONDS;

  constructor(
    @Inject(MEDIA_CONFIG) private readonly config: MediaConfig,
    @Inject(Database) private readonly database: Database,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {}

  /**
   * Runs `make` while the request's id is held.
   * @param answered gives what the request was answered when it was carried out before
   * @throws AppError `media.in_progress` (409) while another is at it, `media.request_reused` (409) for
   * another request's id
   */
  async during<T>(
    request: MediaRequest,
    asker: Asker,
    make: (hold: Hold) => Promise<T>,
    answered: () => Promise<T>,
  ): Promise<T> {
    const keyed = {
      scope: BusRequests.mediaCreate.pattern,
      key: asker.requestId,
      bodySha256: this.hash(request),
    };
    const taken = await holdIdempotencyKey(this.database.work(), keyed, this.leaseSeconds);
    if ('known' in taken) {
      if (taken.known.bodySha256 !== keyed.bodySha256) throw reused(asker, 'another request');
      if (taken.known.status === 0) throw inProgress(asker);
      return answered();
    }
    const { holder } = taken;
    const renewal = setInterval(
      () => {
        renewIdempotencyKey(this.database.work(), holder).catch((error: unknown) =>
          this.logger.warn({ err: error }, 'the hold on a request was not renewed'),
        );
      },
      (this.leaseSeconds * 1000) / 3,
    );
    try {
      return await make({
        finish: async (work) => {
          if (!(await finishIdempotencyKey(work, holder, 201))) throw inProgress(asker);
        },
      });
    } catch (error) {
      // Before the refusal is answered: whoever has it may send again at once. Without the database the lease
      // lapses by itself.
      await dropIdempotencyKey(this.database.work(), holder).catch(() => undefined);
      throw error;
    } finally {
      clearInterval(renewal);
    }
  }

  /**
   * What is asked, passwords included: each sealing of one is another text. Keyed, so that nobody can try
   * words against a dump.
   */
  private hash(request: MediaRequest): string {
    const { SECRETS_KEY, SEALING_KEY } = this.config;
    const users = request.users.map(({ passwordSealed, ...user }) =>
      passwordSealed === undefined ? user : { ...user, password: this.opened(request, user.name) },
    );
    return createHmac('sha256', SECRETS_KEY ?? SEALING_KEY ?? '')
      .update(JSON.stringify({ ...request, users }))
      .digest('hex');
  }

  /** Null for one that does not open, which the request is refused for later. */
  private opened(request: MediaRequest, name: string): string | null {
    try {
      const users = request.users.filter((user) => user.name === name);
      return openPasswords({ ...request, users }, this.config).get(name) ?? null;
    } catch (error) {
      if (error instanceof AppError) return null;
      throw error;
    }
  }
}

export const reused = ({ idName }: Asker, what: string): AppError =>
  new MediaError(
    'media.request_reused',
    `the ${idName} was used for ${what}: send this request under a new one`,
  );

const inProgress = ({ idName }: Asker): AppError =>
  new MediaError(
    'media.in_progress',
    `the first request with this ${idName} is still at work: try again under the same one`,
  );
