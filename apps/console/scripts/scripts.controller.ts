import { Body, Get, Param, Post, Put, Query } from '@nestjs/common';
import { CreateScript, type Page, pageOf, PageQuery, ScriptDto, uuid } from '#protocol';
import { Answers } from '../http/answers.js';
import { type Actor, By, Key } from '../http/by.js';
import type { RequestKey } from '../http/idempotency.js';
import { OperatorApi } from '../http/operator-api.js';
import { ScriptsService } from './scripts.service.js';

const ScriptPage = pageOf(ScriptDto, 'ScriptPage');

@OperatorApi('scripts', 'Scripts')
export class ScriptsController {
  constructor(private readonly scripts: ScriptsService) {}

  @Post()
  @Answers({ summary: 'Create a script', status: 201, body: ScriptDto, refuses: [400, 409, 413, 415] })
  createScript(
    @Body({ schema: CreateScript }) body: CreateScript,
    @By() by: Actor,
    @Key() key: RequestKey | null,
  ): Promise<ScriptDto> {
    return this.scripts.create(body, by, key);
  }

  @Get()
  @Answers({ summary: 'List scripts, each in its newest version', body: ScriptPage, refuses: [400] })
  listScripts(@Query({ schema: PageQuery }) page: PageQuery): Promise<Page<ScriptDto>> {
    return this.scripts.list(page);
  }

  @Get(':id')
  @Answers({ summary: 'A script in its newest version', body: ScriptDto, refuses: [400, 404] })
  getScript(@Param('id', { schema: uuid }) id: string): Promise<ScriptDto> {
    return this.scripts.get(id);
  }

  @Put(':id')
  @Answers({
    summary: 'Make a new version of a script',
    description: 'Executions that are scheduled keep the version they name.',
    body: ScriptDto,
    refuses: [400, 404, 409, 413, 415],
  })
  updateScript(
    @Param('id', { schema: uuid }) id: string,
    @Body({ schema: CreateScript }) body: CreateScript,
    @By() by: Actor,
    @Key() key: RequestKey | null,
  ): Promise<ScriptDto> {
    return this.scripts.update(id, body, by, key);
  }
}
