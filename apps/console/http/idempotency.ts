import { createHmac } from 'node:crypto';
import { Inject, Injectable } from '@nestjs/common';
import {
  Database,
  findIdempotencyKey,
  IdempotencyKey,
  type KeyedRequest,
  takeIdempotencyKey,
  type Work,
} from '#db';
import { ConsoleError } from '../codes.js';
import { CONSOLE_TOKEN } from '../console-config.js';

/** The key of a request that may arrive more than once. */
export interface RequestKey {
  /** Who asks for what: a key means nothing outside it. */
  scope: string;
  key: string;
  /** What was asked: the key stands for nothing else. */
  content: unknown;
  /** What the asker calls it. */
  name: 'Idempotency-Key' | 'requestId';
}

/**
 * Changes that are made once per key. Key, change and answer are one transaction: whatever fails, and
 * whatever answer gets lost, a request that comes again finds either all of it or nothing.
 */
@Injectable()
export class Idempotency {
  constructor(
    private readonly database: Database,
    @Inject(CONSOLE_TOKEN) private readonly token: string,
  ) {}

  /**
   * Runs a change in a transaction of its own, once per key: whoever comes second waits for the first and
   * gets its answer, as JSON has kept it.
   * @param key null: the request may be carried out as often as it comes
   * @throws AppError `idempotency.key_reused` (409) when the key was used for something else
   */
  once<T>(key: RequestKey | null, run: (work: Work) => Promise<T>): Promise<T> {
    return this.database.transaction(async (work) => {
      if (key === null) return run(work);
      const request = this.hashed(key);
      const id = await takeIdempotencyKey(work, request);
      if (id === null) {
        const { scope } = request;
        return answerOf<T>(await work.findOneOrFail(IdempotencyKey, { scope, key: key.key }), request, key);
      }
      const response = await run(work);
      await work.nativeUpdate(IdempotencyKey, { id }, { status: 200, response });
      return response;
    });
  }

  /**
   * What a request under this key was answered, for checks that would not come out the same again; undefined
   * when there was none.
   * @throws AppError `idempotency.key_reused` (409) when the key was used for something else
   */
  async earlier<T>(key: RequestKey | null): Promise<T | undefined> {
    if (key === null) return undefined;
    const request = this.hashed(key);
    const known = await findIdempotencyKey(this.database.work(), request);
    return known ? answerOf<T>(known, request, key) : undefined;
  }

  /** Bodies hold passwords: their hashes are keyed, so that nobody can try words against a dump. */
  private hashed({ scope, key, content }: RequestKey): KeyedRequest {
    const text = JSON.stringify(content ?? null);
    return { scope, key, bodySha256: createHmac('sha256', this.token).update(text).digest('hex') };
  }
}

function answerOf<T>(known: IdempotencyKey, { bodySha256 }: KeyedRequest, { name }: RequestKey): T {
  if (known.bodySha256 === bodySha256) return known.response as T;
  throw new ConsoleError('idempotency.key_reused', `${name}: was used with another body; take a new one`);
}
