import { join } from 'node:path';
import { type DynamicModule, Module } from '@nestjs/common';
import { Database } from '#db';
import { ACCESS_RULES, type AccessRules } from '#app';
import { secretFile } from '#secrets';
import { consoleTokens } from './http/token-finder.js';
import { CommandsController } from './commands/commands.controller.js';
import { CommandsService } from './commands/commands.service.js';
import type { ConsoleConfig } from './config.js';
import { CONSOLE_CONFIG, CONSOLE_TOKEN } from './console-config.js';
import { ExecutionEventsService } from './executions/execution-events.service.js';
import { ExecutionsController, SeriesController } from './executions/executions.controller.js';
import { ExecutionsService } from './executions/executions.service.js';
import { ScheduleService } from './executions/schedule.service.js';
import { OperationsController } from './hosts/hosts.controller.js';
import { IdempotencyInterceptor } from './http/idempotency.interceptor.js';
import { MachinesController } from './machines/machines.controller.js';
import { MachinesService } from './machines/machines.service.js';
import { MediaController } from './media/media.controller.js';
import { OpenApiController } from './http/openapi/openapi.controller.js';
import { ScriptsController } from './scripts/scripts.controller.js';
import { ScriptsService } from './scripts/scripts.service.js';

const CONTROLLERS = [
  MachinesController,
  CommandsController,
  ScriptsController,
  ExecutionsController,
  SeriesController,
  MediaController,
  OperationsController,
  OpenApiController,
];

/** The operators' API. Needs `RuntimeModule` and `DatabaseModule` beside it. */
@Module({})
export class ConsoleModule {
  static forRoot(config: ConsoleConfig): DynamicModule {
    const token = config.CONSOLE_TOKEN ?? secretFile(join(config.INFINIBAY_BASE_DIR, 'console.token'));
    return {
      module: ConsoleModule,
      controllers: CONTROLLERS,
      providers: [
        { provide: CONSOLE_CONFIG, useValue: config },
        { provide: CONSOLE_TOKEN, useValue: token },
        {
          provide: ACCESS_RULES,
          inject: [Database],
          useFactory: (database: Database): AccessRules => ({
            findToken: consoleTokens(database, token),
            hostNames: [config.CONSOLE_HOST.toLowerCase()],
          }),
        },
        IdempotencyInterceptor,
        MachinesService,
        CommandsService,
        ScriptsService,
        ScheduleService,
        ExecutionsService,
        ExecutionEventsService,
      ],
    };
  }
}
