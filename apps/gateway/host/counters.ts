import type { ChannelState } from '#protocol';
import type { Metrics } from '#runtime';

export type Counters = ReturnType<typeof gatewayCounters>;

/** All that a gateway counts, as its metrics page shows it. */
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

/** @param states of all channels, asked for when the page is read */
export function countChannels(metrics: Metrics, states: () => Iterable<ChannelState>): void {
  metrics.gauge('infinibay_gateway_channels', 'Channels by state.', ['state'], (gauge) => {
    gauge.reset();
    for (const state of states()) gauge.inc({ state });
  });
}
