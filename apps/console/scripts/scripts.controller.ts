import {
  Body,
  Controller,
  Get,
  Inject,
  Param,
  Post,
  Put,
  Query,
  Req,
  UseGuards,
  UseInterceptors,
} from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import { CreateScript, Page, type ScriptDto, uuid } from '#protocol';
import { AccessGuard } from '#app';
import { validated } from '#runtime';
import { actorOf } from '../http/actor.js';
import { ScriptsService } from './scripts.service.js';
import { IdempotencyInterceptor } from '../http/idempotency.interceptor.js';

@UseGuards(AccessGuard)
@UseInterceptors(IdempotencyInterceptor)
@Controller('api/scripts')
export class ScriptsController {
  constructor(@Inject(ScriptsService) private readonly scripts: ScriptsService) {}

  @Post()
  create(
    @Body(validated(CreateScript)) body: CreateScript,
    @Req() request: FastifyRequest,
  ): Promise<ScriptDto> {
    return this.scripts.create(body, actorOf(request));
  }

  @Get()
  list(@Query(validated(Page)) page: Page): Promise<{ items: ScriptDto[]; nextCursor: string | null }> {
    return this.scripts.list(page);
  }

  @Get(':id')
  get(@Param('id', validated(uuid)) id: string): Promise<ScriptDto> {
    return this.scripts.get(id);
  }

  @Put(':id')
  update(
    @Param('id', validated(uuid)) id: string,
    @Body(validated(CreateScript)) body: CreateScript,
    @Req() request: FastifyRequest,
  ): Promise<ScriptDto> {
    return this.scripts.update(id, body, actorOf(request));
  }
}
