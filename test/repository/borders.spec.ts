import { describe, expect, it } from '@jest/globals';
import { z } from 'zod';
import { BusRequests, dbInt, dbText, guest, isStorablePart } from '#protocol';
import { API_MODULES } from '../../apps/console/api.modules.js';
import { MediaController } from '../../apps/media/media.controller.js';
import { leavesOf } from '../support/schemas/leaves.js';
import { controllersOf, schemasOfController } from '../support/schemas/routes.js';

/** Whose form lets nothing through that a database cannot hold. */
const SAFE_FORMATS = new Set(['ipv4', 'ipv6', 'cidrv4', 'cidrv6', 'guid', 'uuid']);

/** What of a schema is not made of the parts of libs/protocol/storable.ts, as paths. */
function bareIn(schema: z.ZodType, mayBeUnknown = false): string[] {
  return leavesOf(schema).flatMap(({ path, schema: leaf }) => {
    const { type, format } = leaf.def as { type: string; format?: string };
    const isBare =
      type === 'string' || type === 'number'
        ? !isStorablePart(leaf) && !SAFE_FORMATS.has(format ?? '')
        : type === 'unknown' && !mayBeUnknown;
    return isBare ? [`${path.join('.')}: ${type}`] : [];
  });
}

const controllers = [...controllersOf(API_MODULES), MediaController];
const routes = controllers.flatMap(schemasOfController);

describe('what ends in a database', () => {
  it('is asked for by routes that were found', () => {
    const count = (kind: string): number => routes.filter((route) => route.kind === kind).length;
    expect(controllers.length).toBeGreaterThan(8);
    expect([count('body') > 7, count('query') > 12, count('param') > 20]).toEqual([true, true, true]);
  });

  it('comes in by schemas of storable parts alone, whatever a route takes', () => {
    const bare = routes.flatMap(({ name, kind, schema }) =>
      schema ? bareIn(schema).map((path) => `${name} ${kind} ${path}`) : [`${name} ${kind} has no schema`],
    );
    // The file's name on the media app: looked up among those of the medium's row, never asked of a database.
    expect(bare).toEqual(['MediaController.file.name param has no schema']);
  });

  it('comes in by such schemas over the bus', () => {
    for (const { pattern, schema } of Object.values(BusRequests))
      expect([pattern, bareIn(schema)]).toEqual([pattern, []]);
  });

  it('comes in by such schemas from guests; what an agent may say freely is made storable where it is kept', () => {
    expect(bareIn(guest.GuestMessage, true)).toEqual([]);
  });

  it('is found where it is bare', () => {
    const planted = z.object({
      a: z.string().optional(),
      b: z.array(z.object({ c: z.number().int() })),
      d: z.record(z.string(), dbText(9)),
      e: z.union([z.iso.datetime(), dbInt().min(3)]),
      f: z.unknown(),
      g: dbText(9).min(1).default('x').describe('fine'),
      h: z.string().transform((text) => text.toUpperCase()),
    });
    expect(bareIn(planted)).toEqual([
      'a: string',
      'b.0.c: number',
      'd.*: string',
      'e: string',
      'f: unknown',
      'h: string',
    ]);
  });
});
