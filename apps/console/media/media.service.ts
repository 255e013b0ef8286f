import { randomUUID } from 'node:crypto';
import { Readable } from 'node:stream';
import { Inject, Injectable } from '@nestjs/common';
import { BusRequests, type MediaRequest, type MediaResult } from '#protocol';
import { AppError, Bus, invalidRequest, RelayedError, RuntimeError } from '#runtime';
import { requestIdOf } from '#app';
import { saltsOf, sealPasswords } from '#secrets';
import { ConsoleError } from '../codes.js';
import type { ConsoleConfig } from '../config.js';
import { CONSOLE_CONFIG, CONSOLE_TOKEN } from '../console-config.js';
import type { Actor } from '../http/by.js';
import type { RequestKey } from '../http/idempotency.js';

/** The media app begins to answer with a file within this. */
const FILE_TIMEOUT_MS = 60_000;
const PASSED_ON = ['content-type', 'content-length', 'content-disposition', 'etag'];

/** The media app's answer to a request for a file, as it goes on. */
interface FileAnswer {
  status: number;
  headers: Record<string, string>;
  body: Readable | string;
}

@Injectable()
export class MediaService {
  constructor(
    private readonly bus: Bus,
    @Inject(CONSOLE_CONFIG) private readonly config: ConsoleConfig,
    @Inject(CONSOLE_TOKEN) private readonly token: string,
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

  /** @throws AppError `media.unavailable` (503) */
  async file(id: string, name: string): Promise<FileAnswer> {
    const { MEDIA_URL } = this.config;
    let answer: Response;
    try {
      answer = await fetch(`${MEDIA_URL}/media/${id}/files/${encodeURIComponent(name)}`, {
        headers: { authorization: `Bearer ${this.token}` },
        signal: AbortSignal.timeout(FILE_TIMEOUT_MS),
      });
    } catch (error) {
      throw new RuntimeError(
        'media.unavailable',
        `the media app does not answer at MEDIA_URL ${MEDIA_URL}: start it or correct MEDIA_URL`,
        { cause: error },
      );
    }
    const headers = PASSED_ON.flatMap((header): [string, string][] => {
      const value = answer.headers.get(header);
      return value === null ? [] : [[header, value]];
    });
    return {
      status: answer.status,
      headers: Object.fromEntries(headers),
      body: answer.body ? Readable.fromWeb(answer.body) : '',
    };
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
