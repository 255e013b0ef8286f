import { RequestMethod } from '@nestjs/common';
import { ModulesContainer } from '@nestjs/core';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';

export interface AppRoute {
  /** e.g. `POST /api/machines/:id/commands` */
  name: string;
  method: string;
  path: string;
  /** Of an answer to a request that was carried out. */
  status: number;
}

/** Every route of an app's controllers, from the metadata that Nest registers them by. */
export function appRoutes(app: NestFastifyApplication): AppRoute[] {
  const routes = new Map<string, AppRoute>();
  for (const { controllers } of app.get(ModulesContainer).values())
    for (const { metatype } of controllers.values()) {
      const controller = metatype as { prototype: Record<string, object> } | null;
      if (!controller) continue;
      const prefixes = [meta<string | string[]>('path', controller) ?? ''].flat();
      for (const name of Object.getOwnPropertyNames(controller.prototype)) {
        const handler = name === 'constructor' ? null : controller.prototype[name];
        if (typeof handler !== 'function') continue;
        const tail = meta<string>('path', handler);
        if (tail === undefined) continue;
        const method = RequestMethod[meta<RequestMethod>('method', handler) ?? RequestMethod.GET];
        const status = meta<number>('__httpCode__', handler) ?? (method === 'POST' ? 201 : 200);
        for (const prefix of prefixes) {
          const path = `/${[prefix, tail]
            .flatMap((part) => part.split('/'))
            .filter(Boolean)
            .join('/')}`;
          routes.set(`${method} ${path}`, { name: `${method} ${path}`, method, path, status });
        }
      }
    }
  return [...routes.values()];
}

const meta = <T>(key: string, target: object): T | undefined =>
  (Reflect as unknown as { getMetadata(key: string, target: object): T | undefined }).getMetadata(
    key,
    target,
  );
