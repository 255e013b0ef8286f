import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { BusRequests } from '#protocol';
import { onFaultyDatabases } from '../support/database-faults/on-faulty-databases.js';
import { difference } from '../support/database-faults/table-counts.js';
import { newId } from '../support/servers/databases.js';
import { BUS_CASES } from './bus-cases.js';
import { type FaultWorld, isErrorBody, startFaultWorld } from './fault-world.js';

const STATEMENTS_LIMIT = 200;

onFaultyDatabases('a request on the bus whose N-th statement fails', (given, plan) => {
  let world: FaultWorld;
  beforeAll(async () => {
    world = await startFaultWorld(given());
  });
  afterAll(() => world.stop());

  it('is known, with one that is carried out', () => {
    const patterns = Object.values(BusRequests).map(({ pattern }): string => pattern);
    expect(Object.keys(BUS_CASES).toSorted()).toEqual(patterns.toSorted());
  });

  it.each(Object.entries(BUS_CASES))('%s is answered, and again as if nothing had been', async (...of) => {
    const [pattern, { prepare, goneCode }] = of;
    const ask = async (more: object, requestId: string): Promise<Record<string, unknown>> => {
      try {
        await world.console.bus.request(pattern, { requestId, requestedBy: 'test', ...more });
        return {};
      } catch (error) {
        return { ...(error as { toBody(id: string): object }).toBody('id') };
      }
    };
    const calm = await prepare(world);
    let before = await world.counts();
    expect(await ask(calm, newId())).toEqual({});
    const changes = difference(before, await world.counts());
    let number = 1;
    for (; number < STATEMENTS_LIMIT; number += 1) {
      const asked = await prepare(world);
      const requestId = newId();
      before = await world.counts();
      given().faults.arm({ ...plan, number });
      const first = await ask(asked, requestId);
      const failed = given().faults.disarm();
      if (failed === null) break;
      const what = `statement ${number}: ${failed}`;
      const isTold = first['code'] === undefined || isErrorBody(first);
      expect([what, first, isTold]).toEqual([what, first, true]);
      const again = await ask(asked, requestId);
      const isRight = again['code'] === undefined || again['code'] === goneCode;
      expect([what, again, isRight]).toEqual([what, again, true]);
      expect([what, difference(before, await world.counts())]).toEqual([what, changes]);
    }
    expect(number).toBeLessThan(STATEMENTS_LIMIT);
    if (!plan.only) expect(number).toBeGreaterThan(1);
  });
});
