import { Body, Delete, Get, Param, Post, Query } from '@nestjs/common';
import { z } from 'zod';
import {
  CreateMachine,
  DownloadDto,
  ListMachines,
  MachineDto,
  MachineEventDto,
  MachineHealthDto,
  type Page,
  pageOf,
  PageQuery,
  uuid,
} from '#protocol';
import { Answers } from '../http/answers.js';
import { type Actor, By, Key } from '../http/by.js';
import type { RequestKey } from '../http/idempotency.js';
import { OperatorApi } from '../http/operator-api.js';
import { queryFlag } from '../http/query.js';
import { machineId } from './machine-id.js';
import { MachinesService } from './machines.service.js';

const MachinePage = pageOf(MachineDto, 'MachinePage');
const MachineEventPage = pageOf(MachineEventDto, 'MachineEventPage');
const DownloadPage = pageOf(DownloadDto, 'DownloadPage');

const RemoveQuery = z.strictObject({
  force: queryFlag.describe('Also with open executions: they are cancelled.'),
});

@OperatorApi('machines', 'Machines')
export class MachinesController {
  constructor(private readonly machines: MachinesService) {}

  @Post()
  @Answers({
    summary: 'Register a machine',
    description: 'The same id with the same values is the same machine; with other values it is refused.',
    status: 201,
    body: MachineDto,
    refuses: [400, 409, 413, 415],
  })
  createMachine(
    @Body({ schema: CreateMachine }) body: CreateMachine,
    @By() by: Actor,
    @Key() key: RequestKey | null,
  ): Promise<MachineDto> {
    return this.machines.create(body, by, key);
  }

  @Get()
  @Answers({ summary: 'List machines', body: MachinePage, refuses: [400] })
  listMachines(@Query({ schema: ListMachines }) query: ListMachines): Promise<Page<MachineDto>> {
    return this.machines.list(query);
  }

  @Get(':id')
  @Answers({ summary: 'One machine', body: MachineDto, refuses: [400, 404] })
  getMachine(@Param('id', { schema: machineId }) id: string): Promise<MachineDto> {
    return this.machines.get(id);
  }

  @Delete(':id')
  @Answers({ summary: 'Remove a machine', status: 204, refuses: [400, 404, 409] })
  deleteMachine(
    @Param('id', { schema: machineId }) id: string,
    @Query({ schema: RemoveQuery }) query: z.output<typeof RemoveQuery>,
    @By() by: Actor,
  ): Promise<void> {
    return this.machines.remove(id, query.force, by);
  }

  @Get(':id/health')
  @Answers({
    summary: 'Is InfiniService installed and talking?',
    body: MachineHealthDto,
    refuses: [400, 404],
  })
  getMachineHealth(@Param('id', { schema: machineId }) id: string): Promise<MachineHealthDto> {
    return this.machines.health(id);
  }

  @Get(':id/events')
  @Answers({ summary: 'What happened to it', body: MachineEventPage, refuses: [400, 404] })
  listMachineEvents(
    @Param('id', { schema: machineId }) id: string,
    @Query({ schema: PageQuery }) page: PageQuery,
  ): Promise<Page<MachineEventDto>> {
    return this.machines.events(id, page);
  }

  @Get(':id/events/:eventId')
  @Answers({ summary: 'One of its events, with its data', body: MachineEventDto, refuses: [400, 404] })
  getMachineEvent(
    @Param('id', { schema: machineId }) id: string,
    @Param('eventId', { schema: uuid }) eventId: string,
  ): Promise<MachineEventDto> {
    return this.machines.event(id, eventId);
  }

  @Get(':id/metrics')
  @Answers({ summary: 'What its agent measured', body: MachineEventPage, refuses: [400, 404] })
  listMachineMetrics(
    @Param('id', { schema: machineId }) id: string,
    @Query({ schema: PageQuery }) page: PageQuery,
  ): Promise<Page<MachineEventDto>> {
    return this.machines.metrics(id, page);
  }

  @Get(':id/downloads')
  @Answers({ summary: 'What it fetched', body: DownloadPage, refuses: [400, 404] })
  listMachineDownloads(
    @Param('id', { schema: machineId }) id: string,
    @Query({ schema: PageQuery }) page: PageQuery,
  ): Promise<Page<DownloadDto>> {
    return this.machines.downloads(id, page);
  }
}
