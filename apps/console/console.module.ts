import { type DynamicModule, Module } from '@nestjs/common';
import { API_MODULES } from './api.modules.js';
import type { ConsoleConfig } from './config.js';
import { OpenApiController } from './http/openapi/openapi.controller.js';
import { OperatorsModule } from './http/operators.module.js';
import { RootController } from './http/root.controller.js';

/** The operators' API. Needs `RuntimeModule` and `DatabaseModule` beside it. */
@Module({})
export class ConsoleModule {
  static forRoot(config: ConsoleConfig): DynamicModule {
    return {
      module: ConsoleModule,
      imports: [OperatorsModule.forRoot(config), ...API_MODULES],
      controllers: [RootController, OpenApiController],
    };
  }
}
