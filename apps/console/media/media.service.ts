import { randomUUID } from 'node:crypto';
import type { ServerResponse } from 'node:http';
import { Readable } from 'node:stream';
import { Inject, Injectable } from '@nestjs/common';
import { BusRequests, type MediaRequest, type MediaResult } from '#protocol';
import { AppError, Bus, invalidRequest, RelayedError, RuntimeError } from '#runtime';
import { dropWhenIdle, requestIdOf } from '#app';
import { saltsOf, sealPasswords } from '#secrets';
import { ConsoleError } from '../codes.js';
import type { ConsoleConfig } from '../config.js';
import { CONSOLE_CONFIG, CONSOLE_TOKEN } from '../console-config.js';
import type { Actor } from '../http/by.js';
import type { RequestKey } from '../http/idempotency.js';

/** How long the media app may be silent; how long a file takes is its size's and its reader's business. */
export interface FileLimits {
  /** Until the head of its answer is there. */
  headMs: number;
  /** Between two pieces of a file, and for a reader that takes nothing. */
  idleMs: number;
}
export const FILE_LIMITS: FileLimits = { headMs: 60_000, idleMs: 60_000 };
/** Injection token of the limits. */
export const FILE_LIMITS_TOKEN = Symbol('FILE_LIMITS');

/** RFC 9110: which bytes of a file are wanted. */
const PASSED_IN = ['range', 'if-range', 'if-none-match'];
const PASSED_ON = [
  ...['content-type', 'content-length', 'content-disposition', 'content-range'],
  ...['etag', 'accept-ranges', 'last-modified'],
];

interface FileRequest {
  method: string;
  headers: Record<string, string | string[] | undefined>;
}

/** The media app's answer to a request for a file, as it goes on. */
interface FileAnswer {
  status: number;
  headers: Record<string, string>;
  body: Readable;
}

@Injectable()
export class MediaService {
  constructor(
    private readonly bus: Bus,
    @Inject(CONSOLE_CONFIG) private readonly config: ConsoleConfig,
    @Inject(CONSOLE_TOKEN) private readonly token: string,
    @Inject(FILE_LIMITS_TOKEN) private readonly limits: FileLimits,
  ) {}

  /**
   * @param key the `Idempotency-Key`: it becomes the request's id on the bus, under which the media app makes
   * one medium, also when the first answer was lost; nothing is kept of it here
   * @throws AppError whatever the media app refuses; `media.unavailable` (503); `idempotency.in_progress`
   * (409) while the first request with the key is at work
   */
  create(request: MediaRequest, actor: Actor, key: RequestKey | null): Promise<MediaResult> {
    const requestId = key === null ? randomUUID() : requestIdOf(key);
    return this.make(BusRequests.mediaCreate.pattern, request, actor, requestId);
  }

  /** What `create` would make. */
  plan(request: MediaRequest, actor: Actor): Promise<MediaResult> {
    return this.make(BusRequests.mediaPlan.pattern, request, actor, randomUUID());
  }

  async get(id: string, actor: Actor): Promise<MediaResult> {
    const message = { requestId: randomUUID(), requestedBy: actor.name, id };
    return withOwnUrls(await this.bus.request(BusRequests.mediaGet.pattern, message));
  }

  async remove(id: string, actor: Actor): Promise<void> {
    const message = { requestId: randomUUID(), requestedBy: actor.name, id };
    await this.bus.request(BusRequests.mediaDelete.pattern, message);
  }

  /**
   * A file of a medium, as the media app gives it: whole, or the range that was asked for.
   * @param asked the operator's own request; of its headers those that choose bytes go on
   * @param gone aborted when nobody waits for the answer any more
   * @throws AppError `media.unavailable` (503) when the head of its answer does not come in time
   */
  async file(id: string, name: string, asked: FileRequest, gone: AbortSignal): Promise<FileAnswer> {
    const { MEDIA_URL } = this.config;
    const deadline = new Deadline();
    const headers = PASSED_IN.flatMap((header): [string, string][] => {
      const value = asked.headers[header];
      return typeof value === 'string' ? [[header, value]] : [];
    });
    let answer: Response;
    try {
      answer = await deadline.within(this.limits.headMs, () =>
        fetch(`${MEDIA_URL}/media/${id}/files/${encodeURIComponent(name)}`, {
          method: asked.method === 'HEAD' ? 'HEAD' : 'GET',
          // Named: fetch would ask for encodings, of which lengths and ranges would not be the file's.
          headers: {
            ...Object.fromEntries(headers),
            authorization: `Bearer ${this.token}`,
            'accept-encoding': 'identity',
          },
          signal: AbortSignal.any([deadline.signal, gone]),
        }),
      );
    } catch (error) {
      throw new RuntimeError(
        'media.unavailable',
        `the media app does not answer at MEDIA_URL ${MEDIA_URL}: start it or correct MEDIA_URL`,
        { cause: error },
      );
    }
    return {
      status: answer.status,
      headers: Object.fromEntries(
        PASSED_ON.flatMap((header): [string, string][] => {
          const value = answer.headers.get(header);
          return value === null ? [] : [[header, value]];
        }),
      ),
      body: Readable.from(answer.body ? pieces(answer.body, deadline, this.limits.idleMs) : [], {
        objectMode: false,
      }),
    };
  }

  /** A reader that takes nothing is dropped, and the media app's answer with it. */
  watchReader(response: ServerResponse): void {
    dropWhenIdle(response, this.limits.idleMs);
  }

  private async make(
    pattern: string,
    request: MediaRequest,
    actor: Actor,
    requestId: string,
  ): Promise<MediaResult> {
    // The same request again has the same salts: the media app compares what it was asked.
    const saltOf = saltsOf(this.token, requestId);
    const sealed = sealPasswords(request, this.config.SECRETS_KEY, saltOf);
    const message = { requestId, requestedBy: actor.name, request: sealed };
    const answer = await this.bus.request(pattern, message).catch((error: unknown) => {
      throw error instanceof AppError ? withOwnNames(error) : error;
    });
    return withOwnUrls(answer);
  }
}

/** Ends what it is the signal of when one step of it takes too long. */
class Deadline {
  private readonly controller = new AbortController();
  readonly signal = this.controller.signal;

  /** @throws what the step throws when it is aborted, after `ms` */
  async within<T>(ms: number, step: () => Promise<T>): Promise<T> {
    const timer = setTimeout(() => this.controller.abort(new Error(`nothing came for ${ms} ms`)), ms);
    try {
      return await step();
    } finally {
      clearTimeout(timer);
    }
  }
}

/** A body's pieces. Only the wait for the media app counts, not that for a slow reader. */
async function* pieces(
  body: AsyncIterable<Uint8Array>,
  deadline: Deadline,
  idleMs: number,
): AsyncGenerator<Uint8Array, void, undefined> {
  const iterator = body[Symbol.asyncIterator]();
  try {
    for (;;) {
      const next = await deadline.within(idleMs, () => iterator.next());
      if (next.done) return;
      yield next.value;
    }
  } finally {
    await iterator.return?.();
  }
}

/** What is a requestId on the bus came here as an Idempotency-Key, and its field `request` as the body. */
function withOwnNames(error: AppError): AppError {
  if (error.code === 'media.in_progress')
    return new ConsoleError(
      'idempotency.in_progress',
      'Idempotency-Key: the first request with it is still at work; try again under the same key',
    );
  if (error.code === 'media.request_reused')
    return new RelayedError({ ...error, message: error.message.replace('requestId', 'Idempotency-Key') });
  if (error.code !== 'request.invalid' || !error.issues) return error;
  const issues = error.issues.map((fault) => ({ ...fault, path: fault.path.replace(/^request(\.|$)/, '') }));
  return new RelayedError({ ...error, message: invalidRequest(issues).message, issues });
}

/** The media app names its own routes; through the console the files are under /api. */
function withOwnUrls(answer: unknown): MediaResult {
  const result = answer as MediaResult;
  return {
    ...result,
    files: result.files.map((file) => ({
      ...file,
      url: `/api/media/${result.id}/files/${encodeURIComponent(file.name)}`,
    })),
  };
}
