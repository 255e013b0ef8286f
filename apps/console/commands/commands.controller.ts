import {
  Body,
  Controller,
  Get,
  HttpCode,
  Inject,
  Param,
  Post,
  Query,
  Req,
  UseGuards,
  UseInterceptors,
} from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import { z } from 'zod';
import { type CommandDto, CreateCommand, Page, uuid } from '#protocol';
import { AccessGuard } from '#app';
import { validated } from '#runtime';
import { actorOf } from '../http/actor.js';
import { IdempotencyInterceptor } from '../http/idempotency.interceptor.js';
import { CommandsService } from './commands.service.js';

const WaitQuery = z.strictObject({
  /** Seconds to wait for the answer. */
  wait: z
    .string()
    .regex(/^(?:[1-5]?\d|60)$/, 'must be 0 to 60 seconds')
    .default('0'),
});

/** Questions to machines that are running now. */
@UseGuards(AccessGuard)
@UseInterceptors(IdempotencyInterceptor)
@Controller('api/machines/:id/commands')
export class CommandsController {
  constructor(@Inject(CommandsService) private readonly commands: CommandsService) {}

  @Post()
  @HttpCode(202)
  create(
    @Param('id', validated(uuid)) machineId: string,
    @Query(validated(WaitQuery)) query: { wait: string },
    @Body(validated(CreateCommand)) body: CreateCommand,
    @Req() request: FastifyRequest,
  ): Promise<CommandDto> {
    return this.commands.create(machineId, body, Number(query.wait) * 1000, actorOf(request));
  }

  @Get()
  list(
    @Param('id', validated(uuid)) machineId: string,
    @Query(validated(Page)) page: Page,
  ): Promise<{ items: CommandDto[]; nextCursor: string | null }> {
    return this.commands.list(machineId, page);
  }

  @Get(':commandId')
  get(
    @Param('id', validated(uuid)) machineId: string,
    @Param('commandId', validated(uuid)) id: string,
  ): Promise<CommandDto> {
    return this.commands.get(machineId, id);
  }
}
