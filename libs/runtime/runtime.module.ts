import { type DynamicModule, Global, Inject, Module, type OnModuleInit } from '@nestjs/common';
import { Bus } from './bus/bus.js';
import { HealthModule, HealthRegistry, type Metrics, MetricsModule } from './health.js';
import type { Logger } from './logger.js';

/** Injection token of the process' logger. */
export const LOGGER = Symbol('LOGGER');

/** What every app stands on: logger, bus, health and metrics. Composed apps import it once. */
@Global()
@Module({})
export class RuntimeModule implements OnModuleInit {
  constructor(
    @Inject(Bus) private readonly bus: Bus,
    @Inject(HealthRegistry) private readonly health: HealthRegistry,
  ) {}

  static forRoot(options: {
    logger: Logger;
    redisUrl?: string | undefined;
    metrics?: Metrics;
  }): DynamicModule {
    return {
      module: RuntimeModule,
      imports: [HealthModule, MetricsModule.with(options.metrics)],
      providers: [
        { provide: LOGGER, useValue: options.logger },
        { provide: Bus, useFactory: () => new Bus(options.logger, options.redisUrl) },
      ],
      exports: [LOGGER, Bus],
    };
  }

  onModuleInit(): void {
    this.health.add('bus', () => this.bus.checkSubscription());
  }
}
