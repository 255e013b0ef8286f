import { Body, Delete, Get, Param, Post, Query, Req, Res } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';
import { dbText, MediaRequest, MediaResult, uuid } from '#protocol';
import { Answers } from '../http/answers.js';
import { type Actor, By, Key } from '../http/by.js';
import type { RequestKey } from '../http/idempotency.js';
import { OperatorApi } from '../http/operator-api.js';
import { queryFlag } from '../http/query.js';
import { MediaService } from './media.service.js';

const CreateQuery = z.strictObject({
  dryRun: queryFlag.describe('Shows files, hashes and plan; nothing is written and no row is made.'),
});
const fileName = dbText(
  201,
  /^\w[\w.-]{0,99}(\/\w[\w.-]{0,99})?$/,
  'must be the name of a file, below one folder at most',
);

/** What the media app refuses beside what is refused here; it may not answer at all. */
const FROM_MEDIA_APP = [400, 404, 503, 504] as const;

@OperatorApi('media', 'Media')
export class MediaController {
  constructor(private readonly media: MediaService) {}

  @Post()
  @Answers({
    summary: 'Make an install medium',
    description: 'Its machine is registered with it, and its first-boot scripts are scheduled.',
    status: 201,
    body: MediaResult,
    refuses: [...FROM_MEDIA_APP, 409, 413, 415, 422, 507],
  })
  createMedia(
    @Body({ schema: MediaRequest }) body: MediaRequest,
    @Query({ schema: CreateQuery }) query: z.output<typeof CreateQuery>,
    @Key() key: RequestKey | null,
    @By() by: Actor,
  ): Promise<MediaResult> {
    return query.dryRun ? this.media.plan(body, by) : this.media.create(body, by, key);
  }

  @Get(':id')
  @Answers({ summary: 'One medium', body: MediaResult, refuses: [...FROM_MEDIA_APP, 409] })
  getMedia(@Param('id', { schema: uuid }) id: string, @By() by: Actor): Promise<MediaResult> {
    return this.media.get(id, by);
  }

  @Get(':id/files/:name')
  @Answers({
    summary: 'A file of a medium',
    description:
      'With `Range` (one range, 206) and `If-Range`, so that a download that broke off goes on; `If-None-Match` (304).',
    words: 'The bytes of the file.',
    content: { 'application/octet-stream': { schema: { type: 'string', format: 'binary' } } },
    refuses: [400, 404, 410, 416, 503],
  })
  async getMediaFile(
    @Param('id', { schema: uuid }) id: string,
    @Param('name', { schema: fileName }) name: string,
    @Req() request: FastifyRequest,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    const gone = new AbortController();
    reply.raw.once('close', () => gone.abort());
    const { status, headers, body } = await this.media.file(id, name, request, gone.signal);
    this.media.watchReader(reply.raw);
    await reply.status(status).headers(headers).send(body);
  }

  @Delete(':id')
  @Answers({ summary: 'Delete a medium', status: 204, refuses: FROM_MEDIA_APP })
  deleteMedia(@Param('id', { schema: uuid }) id: string, @By() by: Actor): Promise<void> {
    return this.media.remove(id, by);
  }
}
