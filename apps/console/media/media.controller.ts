import { createHash, randomUUID } from 'node:crypto';
import { Readable } from 'node:stream';
import {
  Body,
  Controller,
  Delete,
  Get,
  HttpCode,
  Inject,
  Param,
  Post,
  Query,
  Req,
  Res,
  UseGuards,
  UseInterceptors,
} from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';
import { BusRequests, MediaRequest, type MediaResult, uuid } from '#protocol';
import { AccessGuard } from '#app';
import { Bus, RuntimeError, validated } from '#runtime';
import { sealPasswords } from '#secrets';
import { actorOf } from '../http/actor.js';
import { CONSOLE_CONFIG, CONSOLE_TOKEN } from '../console-config.js';
import type { ConsoleConfig } from '../config.js';
import { IdempotencyInterceptor } from '../http/idempotency.interceptor.js';

const CreateQuery = z.strictObject({ dryRun: z.enum(['true', 'false']).default('false') });
const FILE_NAME = z.string().regex(/^[\w][\w.-]{0,99}$/, 'must be a file name');

/** Media requests go to the media app over the bus, its files come over its HTTP. */
@UseGuards(AccessGuard)
@UseInterceptors(IdempotencyInterceptor)
@Controller('api/media')
export class MediaController {
  constructor(
    @Inject(Bus) private readonly bus: Bus,
    @Inject(CONSOLE_CONFIG) private readonly config: ConsoleConfig,
    @Inject(CONSOLE_TOKEN) private readonly token: string,
  ) {}

  @Post()
  async create(
    @Body(validated(MediaRequest)) body: MediaRequest,
    @Query(validated(CreateQuery)) query: { dryRun: string },
    @Req() request: FastifyRequest,
  ): Promise<MediaResult> {
    const { pattern } = query.dryRun === 'true' ? BusRequests.mediaPlan : BusRequests.mediaCreate;
    const result = await this.bus.request(
      pattern,
      {
        requestId: requestIdOf(request),
        requestedBy: actorOf(request).name,
        request: sealPasswords(body, this.config.SECRETS_KEY),
      },
      { timeoutMs: 60_000 },
    );
    return withOwnUrls(result as MediaResult);
  }

  @Get(':id')
  async get(@Param('id', validated(uuid)) id: string, @Req() request: FastifyRequest): Promise<MediaResult> {
    const result = await this.bus.request(BusRequests.mediaGet.pattern, {
      requestId: randomUUID(),
      requestedBy: actorOf(request).name,
      id,
    });
    return withOwnUrls(result as MediaResult);
  }

  @Get(':id/files/:name')
  async file(
    @Param('id', validated(uuid)) id: string,
    @Param('name', validated(FILE_NAME)) name: string,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    let answer: Response;
    try {
      answer = await fetch(`${this.config.MEDIA_URL}/media/${id}/files/${encodeURIComponent(name)}`, {
        headers: { authorization: `Bearer ${this.token}` },
        signal: AbortSignal.timeout(60_000),
      });
    } catch (error) {
      throw new RuntimeError(
        'media.unavailable',
        `the media app does not answer at MEDIA_URL ${this.config.MEDIA_URL}: start it or correct MEDIA_URL`,
        { cause: error },
      );
    }
    for (const header of ['content-type', 'content-length', 'content-disposition', 'etag']) {
      const value = answer.headers.get(header);
      if (value !== null) reply.header(header, value);
    }
    reply.status(answer.status);
    await reply.send(answer.body ? Readable.fromWeb(answer.body) : '');
  }

  @Delete(':id')
  @HttpCode(204)
  async remove(@Param('id', validated(uuid)) id: string, @Req() request: FastifyRequest): Promise<void> {
    await this.bus.request(BusRequests.mediaDelete.pattern, {
      requestId: randomUUID(),
      requestedBy: actorOf(request).name,
      id,
    });
  }
}

/** A request that is sent again under its Idempotency-Key is the same one for the media app too, also when the first answer was lost. */
function requestIdOf(request: FastifyRequest): string {
  const key = request.headers['idempotency-key'];
  if (typeof key !== 'string') return randomUUID();
  return createHash('sha256')
    .update(JSON.stringify([actorOf(request).name, request.url, key]))
    .digest('hex');
}

/** The media app names its own routes; through the console the files are under /api. */
function withOwnUrls(result: MediaResult): MediaResult {
  return {
    ...result,
    files: result.files.map((file) => ({ ...file, url: `/api/media/${result.id}/files/${file.name}` })),
  };
}
