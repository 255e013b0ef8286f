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
  UseGuards,
  UseInterceptors,
} from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import { z } from 'zod';
import {
  CreateMachine,
  type DownloadDto,
  type MachineDto,
  type MachineEventDto,
  type MachineHealthDto,
  Page,
  uuid,
} from '#protocol';
import { AccessGuard } from '#app';
import { validated } from '#runtime';
import { actorOf } from '../http/actor.js';
import { MachinesService } from './machines.service.js';
import { IdempotencyInterceptor } from '../http/idempotency.interceptor.js';

const RemoveQuery = z.strictObject({ force: z.enum(['true', 'false']).default('false') });

@UseGuards(AccessGuard)
@UseInterceptors(IdempotencyInterceptor)
@Controller('api/machines')
export class MachinesController {
  constructor(@Inject(MachinesService) private readonly machines: MachinesService) {}

  @Post()
  create(
    @Body(validated(CreateMachine)) body: CreateMachine,
    @Req() request: FastifyRequest,
  ): Promise<MachineDto> {
    return this.machines.create(body, actorOf(request));
  }

  @Get()
  list(@Query(validated(Page)) page: Page): Promise<{ items: MachineDto[]; nextCursor: string | null }> {
    return this.machines.list(page);
  }

  @Get(':id')
  get(@Param('id', validated(uuid)) id: string): Promise<MachineDto> {
    return this.machines.get(id);
  }

  @Delete(':id')
  @HttpCode(204)
  remove(
    @Param('id', validated(uuid)) id: string,
    @Query(validated(RemoveQuery)) query: { force: string },
    @Req() request: FastifyRequest,
  ): Promise<void> {
    return this.machines.remove(id, query.force === 'true', actorOf(request));
  }

  @Get(':id/health')
  health(@Param('id', validated(uuid)) id: string): Promise<MachineHealthDto> {
    return this.machines.health(id);
  }

  @Get(':id/events')
  events(
    @Param('id', validated(uuid)) id: string,
    @Query(validated(Page)) page: Page,
  ): Promise<{ items: MachineEventDto[]; nextCursor: string | null }> {
    return this.machines.events(id, page);
  }

  @Get(':id/metrics')
  metrics(
    @Param('id', validated(uuid)) id: string,
    @Query(validated(Page)) page: Page,
  ): Promise<{ items: MachineEventDto[]; nextCursor: string | null }> {
    return this.machines.events(id, page, 'metrics');
  }

  @Get(':id/downloads')
  downloads(
    @Param('id', validated(uuid)) id: string,
    @Query(validated(Page)) page: Page,
  ): Promise<{ items: DownloadDto[]; nextCursor: string | null }> {
    return this.machines.downloads(id, page);
  }
}
