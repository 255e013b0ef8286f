import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { OpenAPIObject } from '@nestjs/swagger';
import { migrateToLatest, openDatabase } from '#db';
import { startConsole, type TestConsole } from '../../../../test/support/apps/console.js';
import { emptyDatabase } from '../../../../test/support/servers/databases.js';
import { previewedDocument } from './preview.js';

describe('the OpenAPI document', () => {
  let server: TestConsole;
  let document: OpenAPIObject;
  let remove: () => void;

  beforeAll(async () => {
    const empty = emptyDatabase('SQLite');
    remove = empty.remove;
    const database = await openDatabase(empty.url);
    await migrateToLatest(database);
    server = await startConsole(empty.url);
    await database.close();
    document = await previewedDocument();
  });
  afterAll(async () => {
    await server.stop();
    remove();
  });

  it('is committed as the schemas say it: npm run openapi renews it', () => {
    expect(JSON.parse(readFileSync('docs/openapi/console.json', 'utf8'))).toEqual(document);
  });

  it('is served as it is committed', async () => {
    for (const path of ['/openapi.json', '/api/openapi.json'])
      expect((await server.request('GET', path)).body).toEqual(document);
  });

  it('names every route that there is, and no other', () => {
    const tree = server.app.app.getHttpAdapter().getInstance() as { printRoutes(options: object): string };
    const routes = flatRoutes(tree.printRoutes({ commonPrefix: false, includeHooks: false }));
    const served = routes
      .filter((route) => / \/api\/(?!openapi)/.test(route) && !/^(HEAD|OPTIONS) /.test(route))
      .map((route) => route.replaceAll(/:(\w+)/g, '{$1}'));
    const documented = Object.entries(document.paths).flatMap(([path, methods]) =>
      Object.keys(methods).map((method) => `${method.toUpperCase()} ${path}`),
    );
    expect(served.toSorted()).toEqual(documented.toSorted());
  });
});

/** Fastify's printed tree (4 columns a level) as `METHOD /path` lines. */
function flatRoutes(tree: string): string[] {
  const path: string[] = [];
  return tree.split('\n').flatMap((line) => {
    const [, indent, rest] = /^([│ ├└─]*)(.*)$/.exec(line) ?? [];
    if (!rest) return [];
    const [, part, methods] = /^(\S+?)(?: \(([A-Z, ]+)\))?$/.exec(rest) ?? [];
    const level = (indent ?? '').length / 4 - 1;
    path.splice(level, path.length, part ?? '');
    const whole = path.join('').replaceAll('//', '/');
    return (methods ?? '')
      .split(', ')
      .filter(Boolean)
      .map((method) => `${method} ${whole}`);
  });
}
