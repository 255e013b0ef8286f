import { randomUUID } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
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
} from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';
import { MediaRequest, type MediaResult, uuid } from '#protocol';
import { AccessGuard, dropWhenIdle, idempotencyKeyOf, requestIdOf, wantedPart } from '#app';
import { saltsOf, sealPasswords } from '#secrets';
import type { MediaConfig } from './config.js';
import type { Asker } from './asker.js';
import { MediaService } from './media.service.js';
import { MEDIA_CONFIG } from './preconditions.js';

const CreateQuery = z.strictObject({ dryRun: z.enum(['true', 'false']).default('false') });

/** A reader of a file that takes nothing for this long is dropped. */
const READER_IDLE_MS = 60_000;

/** The same requests as on the bus, and the files. */
@UseGuards(AccessGuard)
@Controller('media')
export class MediaController {
  constructor(
    private readonly media: MediaService,
    @Inject(MEDIA_CONFIG) private readonly config: MediaConfig,
  ) {}

  @Post()
  create(
    @Body({ schema: MediaRequest }) body: MediaRequest,
    @Query({ schema: CreateQuery }) query: z.output<typeof CreateQuery>,
    @Req() request: FastifyRequest,
  ): Promise<MediaResult> {
    const asker = askerOf(request);
    // The same request again has the same salts: what was asked is compared.
    const saltOf = saltsOf(this.config.SECRETS_KEY ?? '', asker.requestId);
    const sealed = sealPasswords(body, this.config.SECRETS_KEY, saltOf);
    return query.dryRun === 'true' ? this.media.plan(sealed) : this.media.create(sealed, asker);
  }

  @Get(':id')
  get(@Param('id', { schema: uuid }) id: string): Promise<MediaResult> {
    return this.media.get(id);
  }

  @Get(':id/files/:name')
  async file(
    @Param('id', { schema: uuid }) id: string,
    @Param('name') name: string,
    @Req() request: FastifyRequest,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    const { path, file } = await this.media.file(id, name);
    const { mtime: modifiedAt } = await stat(path);
    const { size, sha256, name: fileName } = file;
    const answered = {
      size,
      etag: `"${sha256}"`,
      modifiedAt,
      contentType: 'application/octet-stream',
      fileName,
    };
    const part = await wantedPart(answered, request, reply);
    if (part === null) return;
    const bytes = createReadStream(path, part);
    dropWhenIdle(reply.raw, READER_IDLE_MS);
    reply.raw.once('close', () => bytes.destroy());
    await reply.send(bytes);
  }

  @Delete(':id')
  @HttpCode(204)
  remove(@Param('id', { schema: uuid }) id: string, @Req() request: FastifyRequest): Promise<void> {
    return this.media.remove(id, askerOf(request));
  }
}

function askerOf(request: FastifyRequest): Asker {
  const key = idempotencyKeyOf(request);
  const requestId = key ? requestIdOf(key) : randomUUID();
  return { name: request.caller?.name ?? 'unknown', requestId, idName: 'Idempotency-Key' };
}
