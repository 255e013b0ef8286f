import type { Database } from '#db';
import type { Bus, Logger, Metrics } from '#runtime';
import type { GatewayConfig } from '../config.js';
import type { Admission } from '../core/admission.js';

/** What every machine's channel works with. */
export interface GatewayContext {
  readonly config: GatewayConfig;
  readonly database: Database;
  readonly bus: Bus;
  readonly logger: Logger;
  /** HOST_ID and a random part of this process: who holds leases. */
  readonly owner: string;
  readonly counters: GatewayCounters;
  /** Machines come in through it: their first question to the database, and their hello. */
  readonly admission: Admission;
  /** Machines heard of since the last sweep, which writes them down together. */
  readonly seen: Set<string>;
}

export type GatewayCounters = ReturnType<typeof gatewayCounters>;

export function gatewayCounters(metrics: Metrics) {
  return {
    lines: metrics.counter('infinibay_gateway_lines_total', 'Lines from guests, by what they were.', [
      'kind',
    ]),
    security: metrics.counter(
      'infinibay_gateway_security_events_total',
      'Things a guest said that are not its own to say.',
      ['code'],
    ),
    delivered: metrics.counter('infinibay_gateway_scripts_delivered_total', 'Scripts written to guests.'),
    completions: metrics.counter(
      'infinibay_gateway_completions_total',
      'Completions from guests, by what they changed.',
      ['result'],
    ),
    outputBytes: metrics.counter('infinibay_gateway_output_bytes_total', 'Bytes of live script output.'),
  };
}
