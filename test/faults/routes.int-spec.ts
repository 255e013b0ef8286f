import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { appRoutes } from '../support/database-faults/app-routes.js';
import { onFaultyDatabases } from '../support/database-faults/on-faulty-databases.js';
import { difference } from '../support/database-faults/table-counts.js';
import {
  type AppName,
  type FaultWorld,
  freshKey,
  isErrorBody,
  type Reply,
  startFaultWorld,
} from './fault-world.js';
import { type Prepared, ROUTE_CASES, type RouteCase } from './route-cases.js';

const APPS = Object.keys(ROUTE_CASES) as AppName[];
const CASES = APPS.flatMap((app) =>
  Object.entries(ROUTE_CASES[app]).map(([route, kind]): [AppName, string, RouteCase] => [app, route, kind]),
);
/** Whatever a route may ask. */
const STATEMENTS_LIMIT = 200;

onFaultyDatabases('a route whose N-th statement fails', (given, plan) => {
  let world: FaultWorld;
  beforeAll(async () => {
    world = await startFaultWorld(given());
  });
  afterAll(() => world.stop());

  const ask = async (
    app: AppName,
    route: string,
    { path = {}, query = '', body }: Prepared,
    key: string | undefined,
  ): Promise<Reply> => {
    const [method = '', pattern = ''] = route.split(' ');
    const filled = pattern.replace(/:(\w+)/g, (_, name: string) => path[name] ?? '');
    return world.send(app, method, `${filled}${query}`, body, key);
  };
  const keyOf = (route: string): string | undefined => (/^(POST|PUT) /.test(route) ? freshKey() : undefined);

  it('is known, with a request that it carries out', () => {
    for (const app of APPS) {
      const routes = appRoutes(world.apps[app].app).map(({ name }) => name);
      expect(routes.toSorted()).toEqual(Object.keys(ROUTE_CASES[app]).toSorted());
    }
  });

  it.each(CASES)(
    '%s: %s answers with an error or as ever, and again as if nothing had been',
    async (...of) => {
      const [app, route, kind] = of;
      const { status } = appRoutes(world.apps[app].app).find(({ name }) => name === route) ?? { status: 0 };
      const calm = await kind.prepare(world);
      let before = await world.counts();
      expect((await ask(app, route, calm, keyOf(route))).status).toBe(status);
      const changes = difference(before, await world.counts());
      let number = 1;
      for (; number < STATEMENTS_LIMIT; number += 1) {
        const prepared = await kind.prepare(world);
        const key = keyOf(route);
        before = await world.counts();
        given().faults.arm({ ...plan, number });
        const first = await ask(app, route, prepared, key);
        const failed = given().faults.disarm();
        const what = `statement ${number}: ${failed}`;
        if (failed === null) break;
        if (first.status !== status) {
          const isError = kind.ownWords ?? isErrorBody(first.body);
          expect([what, first.text, isServerError(first.status), isError]).toEqual([
            what,
            first.text,
            true,
            true,
          ]);
        } else if (first.text.includes('event: error')) {
          const data = /event: error\n(?:.*\n)*?data: (.*)\n/.exec(first.text)?.[1] ?? '';
          expect([what, data, isErrorBody(JSON.parse(data))]).toEqual([what, data, true]);
        }
        const again = await ask(app, route, prepared, key);
        const isRight = [status, ...(prepared.again ?? [])].includes(again.status);
        expect([what, again.text, again.status, isRight]).toEqual([what, again.text, again.status, true]);
        expect([what, difference(before, await world.counts())]).toEqual([what, changes]);
      }
      expect(number).toBeLessThan(STATEMENTS_LIMIT);
      if (!plan.only) expect([route, number === 1]).toEqual([route, kind.asksNothing === true]);
    },
  );
});

const isServerError = (status: number): boolean => status >= 500 && status <= 504;
