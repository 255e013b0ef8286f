import { setTimeout as pause } from 'node:timers/promises';
import { type Figure, percentile } from './figures.js';
import { startFleet } from './fleet.js';
import { allReady, manyMachines, startSwarm } from './swarm.js';

const MACHINES = 1000;
const CONNECTED = 100;
const TIMES = 10;
const CALM_MS = 5000;

/** One request for a thousand machines, and what the channels of others feel of it. */
export async function benchSchedule(): Promise<Figure[]> {
  const figures: Figure[] = [];
  for (const kind of ['SQLite', 'PostgreSQL'] as const) {
    const fleet = await startFleet(kind);
    const ids = await manyMachines(fleet.database, CONNECTED, 'bench');
    const machineIds = await manyMachines(fleet.database, MACHINES, 'elsewhere');
    const swarm = await startSwarm(fleet.sockets, ids, { heartbeatMs: 100 });
    try {
      await allReady(fleet.database, CONNECTED);
      const scriptId = await fleet.operator.script('bench', 'true');
      await swarm.latencies();
      await pause(CALM_MS);
      const calm = percentile(await swarm.latencies(), 0.99);
      const took: number[] = [];
      for (let index = 0; index < TIMES; index += 1) {
        const repeats = index % 2 === 0 ? {} : { repeatIntervalMinutes: 60 };
        const begun = performance.now();
        await fleet.operator.request('POST', '/executions', { scriptId, machineIds, ...repeats });
        took.push(performance.now() - begun);
      }
      const busy = percentile(await swarm.latencies(), 0.99);
      figures.push(
        {
          what: `a schedule for ${MACHINES} machines, ${kind}`,
          value: Math.max(...took),
          unit: 'ms',
          target: 1000,
        },
        {
          what: `meanwhile, ${kind}: another machine's keep-alive, p99`,
          value: busy,
          unit: 'ms',
          target: 100,
          against: { what: 'before', value: calm },
        },
      );
    } finally {
      swarm.stop();
      await fleet.stop();
    }
  }
  return figures;
}
