import { Body, Get, Param, Post, Query } from '@nestjs/common';
import { z } from 'zod';
import { CommandDto, CreateCommand, dbText, type Page, pageOf, PageQuery, uuid } from '#protocol';
import { Answers } from '../http/answers.js';
import { type Actor, By, Key } from '../http/by.js';
import type { RequestKey } from '../http/idempotency.js';
import { OperatorApi } from '../http/operator-api.js';
import { machineId } from '../machines/machine-id.js';
import { CommandsService } from './commands.service.js';

const CommandPage = pageOf(CommandDto, 'CommandPage');

const WaitQuery = z.strictObject({
  wait: dbText(2, /^(?:[1-5]?\d|60)$/, 'must be 0 to 60 seconds')
    .default('0')
    .transform(Number)
    .meta({
      description: 'Seconds to wait for the answer.',
      documentedAs: { type: 'integer', minimum: 0, maximum: 60, default: 0 },
    }),
});

@OperatorApi('machines/:id/commands', 'Commands')
export class CommandsController {
  constructor(private readonly commands: CommandsService) {}

  @Post()
  @Answers({
    summary: 'Ask a machine that is running now',
    description:
      'Answers with the command as it is: PENDING, or with its answer when `wait` was long enough.',
    status: 202,
    body: CommandDto,
    refuses: [400, 404, 409, 413, 415, 429],
  })
  createCommand(
    @Param('id', { schema: machineId }) id: string,
    @Query({ schema: WaitQuery }) query: z.output<typeof WaitQuery>,
    @Body({ schema: CreateCommand }) body: CreateCommand,
    @By() by: Actor,
    @Key() key: RequestKey | null,
  ): Promise<CommandDto> {
    return this.commands.create(id, body, query.wait * 1000, by, key);
  }

  @Get()
  @Answers({ summary: 'What it was asked', body: CommandPage, refuses: [400, 404] })
  listCommands(
    @Param('id', { schema: machineId }) id: string,
    @Query({ schema: PageQuery }) page: PageQuery,
  ): Promise<Page<CommandDto>> {
    return this.commands.list(id, page);
  }

  @Get(':commandId')
  @Answers({ summary: 'One command and its answer', body: CommandDto, refuses: [400, 404] })
  getCommand(
    @Param('id', { schema: machineId }) id: string,
    @Param('commandId', { schema: uuid }) commandId: string,
  ): Promise<CommandDto> {
    return this.commands.get(id, commandId);
  }
}
