import { z } from 'zod';
import { withoutDraft } from '#app';

/** What Nest remembers of one argument of a route's method. */
interface Argument {
  data?: string;
  schema?: unknown;
}
/** Nest's own key (`ROUTE_ARGS_METADATA`); a type of argument and its place make each entry's name. */
const ARGUMENTS = '__routeArguments__';
/** Nest's `RouteParamtypes`. */
const KINDS: Readonly<Record<string, RouteSchema['kind']>> = { 3: 'body', 4: 'query', 5: 'param' };

export interface RouteSchema {
  /** Controller and method, with the parameter's name where it has one. */
  name: string;
  kind: 'body' | 'query' | 'param';
  /** Null: nothing checks it. */
  schema: z.ZodType | null;
}

type Class = abstract new (...parameters: never[]) => object;

/** Everything that a controller's routes take, read off its decorators. */
export function schemasOfController(controller: Class): RouteSchema[] {
  return Object.getOwnPropertyNames(controller.prototype).flatMap((method) => {
    const found = (Reflect.getMetadata(ARGUMENTS, controller, method) ?? {}) as Record<string, Argument>;
    return Object.entries(found).flatMap(([entry, { data, schema }]): RouteSchema[] => {
      const kind = KINDS[entry.split(':')[0] ?? ''];
      if (!kind) return [];
      const name = [controller.name, method, data].filter(Boolean).join('.');
      return [{ name, kind, schema: schema instanceof z.ZodType ? withoutDraft(schema) : null }];
    });
  });
}

/** The controllers of Nest modules. */
export const controllersOf = (modules: readonly object[]): Class[] =>
  modules.flatMap((module) => (Reflect.getMetadata('controllers', module) ?? []) as Class[]);
