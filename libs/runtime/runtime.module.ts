import {
  type DynamicModule,
  Global,
  Inject,
  Module,
  type OnApplicationBootstrap,
  type OnApplicationShutdown,
  type OnModuleInit,
} from '@nestjs/common';
import { Bus } from './bus/bus.js';
import { HealthModule, HealthRegistry, Metrics, MetricsModule } from './health.js';
import { Loop } from './loops.js';
import type { Logger } from './logger.js';

/** Injection token of the process' logger. */
export const LOGGER = Symbol('LOGGER');

/** How often the subscription is looked at, in milliseconds; and how many looks may fail before it shows. */
const LOOK_EVERY_MS = 10_000;
const LOOKS = 4;

/** What every app stands on: logger, bus, health and metrics. Composed apps import it once. */
@Global()
@Module({})
export class RuntimeModule implements OnModuleInit, OnApplicationBootstrap, OnApplicationShutdown {
  private timer: NodeJS.Timeout | undefined;

  constructor(
    @Inject(Bus) private readonly bus: Bus,
    @Inject(HealthRegistry) private readonly health: HealthRegistry,
    @Inject(Metrics) private readonly metrics: Metrics,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {}

  static forRoot(options: {
    logger: Logger;
    redisUrl?: string | undefined;
    busAnswerMs?: number;
    metrics?: Metrics;
  }): DynamicModule {
    return {
      module: RuntimeModule,
      imports: [HealthModule, MetricsModule.with(options.metrics)],
      providers: [
        { provide: LOGGER, useValue: options.logger },
        { provide: Bus, useFactory: () => new Bus(options.logger, options.redisUrl, options.busAnswerMs) },
      ],
      exports: [LOGGER, Bus],
    };
  }

  onModuleInit(): void {
    this.health.add('bus', () => this.bus.checkSubscription());
    this.health.countLoops(this.metrics);
  }

  onApplicationBootstrap(): void {
    const state = this.health.loop('subscription', LOOKS * LOOK_EVERY_MS);
    const loop = new Loop(
      state,
      () => this.bus.keepSubscription(),
      (error) => this.logger.warn({ err: error }, 'the subscription is opened anew'),
    );
    this.timer = setInterval(() => loop.ring(), LOOK_EVERY_MS);
  }

  onApplicationShutdown(): void {
    clearInterval(this.timer);
  }
}
