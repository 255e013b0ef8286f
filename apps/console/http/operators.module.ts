import { join } from 'node:path';
import { type DynamicModule, Module } from '@nestjs/common';
import { ACCESS_RULES, type AccessRules } from '#app';
import { Database } from '#db';
import { secretFile } from '#secrets';
import type { ConsoleConfig } from '../config.js';
import { CONSOLE_CONFIG, CONSOLE_TOKEN } from '../console-config.js';
import { Idempotency } from './idempotency.js';
import { consoleTokens } from './token-finder.js';

/** What every slice of the API needs: the configuration, and who may use it. */
@Module({})
export class OperatorsModule {
  static forRoot(config: ConsoleConfig): DynamicModule {
    const token = config.CONSOLE_TOKEN ?? secretFile(join(config.INFINIBAY_BASE_DIR, 'console.token'));
    return {
      module: OperatorsModule,
      global: true,
      providers: [
        { provide: CONSOLE_CONFIG, useValue: config },
        { provide: CONSOLE_TOKEN, useValue: token },
        Idempotency,
        {
          provide: ACCESS_RULES,
          inject: [Database],
          useFactory: (database: Database): AccessRules => ({
            findToken: consoleTokens(database, token),
            hostNames: [config.CONSOLE_HOST.toLowerCase()],
          }),
        },
      ],
      exports: [CONSOLE_CONFIG, CONSOLE_TOKEN, Idempotency, ACCESS_RULES],
    };
  }
}
