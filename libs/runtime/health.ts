import {
  Controller,
  type DynamicModule,
  Get,
  Global,
  Header,
  HttpCode,
  Inject,
  Injectable,
  Module,
  Res,
} from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import { countLoops, LoopState } from './loops.js';
import { Counter, Gauge, Histogram, Registry, collectDefaultMetrics } from 'prom-client';

type Check = () => Promise<void> | void;

/** What must work before this process takes requests. Each app adds its own checks. */
@Injectable()
export class HealthRegistry {
  private readonly checks = new Map<string, Check>();
  private readonly notes = new Map<string, string>();
  private readonly loops = new Map<string, LoopState>();

  /** A check throws when its part does not work; its message is shown. Adding a name again replaces it. */
  add(name: string, check: Check): void {
    this.checks.set(name, check);
  }

  /** Something an operator should know that does not keep the process from working; null: no more. */
  note(name: string, text: string | null): void {
    if (text === null) this.notes.delete(name);
    else this.notes.set(name, text);
  }

  /** What was noted is so no more. */
  unnote(name: string): void {
    this.notes.delete(name);
  }

  /**
   * A loop that must go on: not ready when its last success is older than `limitMs`. Asking again for a name
   * replaces it.
   */
  loop(name: string, limitMs: number): LoopState {
    const state = new LoopState(name, limitMs);
    this.loops.set(name, state);
    this.add(`loop.${name}`, () => state.check());
    return state;
  }

  /** For the page of metrics. */
  countLoops(metrics: Metrics): void {
    metrics.gauge(
      'infinibay_loop_last_success_seconds',
      'Seconds since the last success of a loop of this process.',
      ['loop'],
      (gauge) => countLoops(gauge, this.loops.values()),
    );
  }

  /** Runs all checks at once, each with a deadline of 3 s. */
  async report(): Promise<{ ready: boolean; checks: Record<string, string>; notes: Record<string, string> }> {
    const results = await Promise.all(
      [...this.checks].map(async ([name, check]): Promise<[string, string]> => {
        try {
          await withDeadline(Promise.resolve(check()), 3000);
          return [name, 'ok'];
        } catch (error) {
          return [name, error instanceof Error ? error.message : String(error)];
        }
      }),
    );
    return {
      ready: results.every(([, state]) => state === 'ok'),
      checks: Object.fromEntries(results),
      notes: Object.fromEntries(this.notes),
    };
  }
}

async function withDeadline(work: Promise<void>, deadlineMs: number): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`no answer within ${deadlineMs} ms`)), deadlineMs);
  });
  try {
    await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}

/**
 * Prometheus metrics of this process. A name asked for twice is the same metric, so that composed apps share
 * one page.
 */
@Injectable()
export class Metrics {
  readonly registry = new Registry();

  constructor() {
    collectDefaultMetrics({ register: this.registry });
  }

  counter<L extends string = string>(name: string, help: string, labelNames: readonly L[] = []): Counter<L> {
    return (
      (this.registry.getSingleMetric(name) as Counter<L> | undefined) ??
      new Counter({ name, help, labelNames: [...labelNames], registers: [this.registry] })
    );
  }

  /** `collect` is called when the page is read. */
  gauge<L extends string = string>(
    name: string,
    help: string,
    labelNames: readonly L[] = [],
    collect?: (gauge: Gauge<L>) => void | Promise<void>,
  ): Gauge<L> {
    const known = this.registry.getSingleMetric(name) as Gauge<L> | undefined;
    if (known) return known;
    return new Gauge({
      name,
      help,
      labelNames: [...labelNames],
      registers: [this.registry],
      ...(collect
        ? {
            collect(this: Gauge<L>) {
              return collect(this);
            },
          }
        : {}),
    });
  }

  /** Durations in seconds, as Prometheus wants them. */
  histogram<L extends string = string>(
    name: string,
    help: string,
    labelNames: readonly L[] = [],
    buckets = [0.001, 0.005, 0.015, 0.05, 0.1, 0.5, 1, 5, 30],
  ): Histogram<L> {
    return (
      (this.registry.getSingleMetric(name) as Histogram<L> | undefined) ??
      new Histogram({ name, help, labelNames: [...labelNames], buckets, registers: [this.registry] })
    );
  }
}

@Controller()
class HealthController {
  constructor(@Inject(HealthRegistry) private readonly health: HealthRegistry) {}

  @Get('healthz')
  alive(): { status: string } {
    return { status: 'up' };
  }

  @Get('readyz')
  @HttpCode(200)
  async ready(@Res({ passthrough: true }) reply: FastifyReply): Promise<unknown> {
    const { ready, ...report } = await this.health.report();
    reply.status(ready ? 200 : 503);
    return { status: ready ? 'ready' : 'not ready', ...report };
  }
}

@Controller()
class MetricsController {
  constructor(@Inject(Metrics) private readonly metrics: Metrics) {}

  @Get('metrics')
  @Header('Content-Type', 'text/plain; version=0.0.4; charset=utf-8')
  page(): Promise<string> {
    return this.metrics.registry.metrics();
  }
}

/** `/healthz` (the process is up) and `/readyz` (its parts answer). */
@Global()
@Module({ providers: [HealthRegistry], exports: [HealthRegistry], controllers: [HealthController] })
export class HealthModule {}

/** The registry alone: for an app whose port is open to guests. */
@Global()
@Module({})
export class MetricsModule {
  /** Apps that share a process and one page hand in what they share. */
  static with(shared?: Metrics): DynamicModule {
    return {
      module: MetricsModule,
      providers: [shared ? { provide: Metrics, useValue: shared } : Metrics],
      exports: [Metrics],
    };
  }
}

/** `/metrics` in Prometheus' text format; only where the port is the operators'. */
@Module({ controllers: [MetricsController] })
export class MetricsPageModule {}
