import { newId } from '../support/servers/databases.js';
import { machineWithLease, schedule, script } from '../support/rows/rows.js';
import type { FaultWorld } from './fault-world.js';

export interface BusCase {
  /** The fields beside those that every request has. */
  readonly prepare: (world: FaultWorld) => Promise<object>;
  /** What a repeat is refused with when the first was carried out, and says the same. */
  goneCode?: string;
}

const mediaRequest = (): object => ({
  vmId: newId(),
  hostname: 'vm',
  os: { family: 'ubuntu', version: '24.04' },
  source: 'cloud-image',
});
const medium = async ({ media }: FaultWorld): Promise<object> => {
  const asked = { requestId: newId(), requestedBy: 'test', request: mediaRequest() };
  const { id } = (await media.bus.request('media.create', asked)) as { id: string };
  return { id };
};

/** Every request of the bus, with one that is carried out. */
export const BUS_CASES: Record<string, BusCase> = {
  'media.create': { prepare: () => Promise.resolve({ request: mediaRequest() }) },
  'media.plan': { prepare: () => Promise.resolve({ request: mediaRequest() }) },
  'media.get': { prepare: medium },
  'media.delete': { prepare: medium, goneCode: 'media.not_found' },
  'script.schedule': {
    prepare: async ({ database }) => ({
      request: { scriptId: await script(database), machineIds: [await machineWithLease(database)] },
    }),
  },
  'script.cancel': {
    prepare: async ({ database }) => {
      const [row] = await schedule(database, { machineId: await machineWithLease(database) });
      return { executionId: row?.id };
    },
  },
};
