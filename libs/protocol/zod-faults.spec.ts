import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { z } from 'zod';
import {
  BusRequests,
  CreateCommand,
  CreateMachine,
  CreateScript,
  faultsOf,
  ListExecutions,
  ListMachines,
  MediaRequest,
  ScheduleExecutions,
  SealedMediaRequest,
} from './index.js';

/** Words of zod's own English, of which none may reach a person. */
const FOR_PROGRAMMERS =
  /invalid (input|option|key|element|string|discriminator|[a-z]+ (address|range))|expected|received|too (big|small)|unrecognized|NaN|undefined|\[object|must match pattern|[<>]=/i;

const SCHEMAS: Record<string, z.ZodType> = {
  CreateCommand,
  CreateMachine,
  CreateScript,
  ListExecutions,
  ListMachines,
  MediaRequest,
  ScheduleExecutions,
  SealedMediaRequest,
  ...Object.fromEntries(Object.values(BusRequests).map(({ pattern, schema }) => [pattern, schema])),
};

/** A request of each kind that is right, to be spoilt in one place. */
const RIGHT: Record<string, object[]> = {
  CreateCommand: [
    { type: 'SafeCommand', command: { action: 'ServiceControl', service: 'ssh', operation: 'start' } },
    { type: 'UnsafeCommand', rawCommand: 'id', shell: 'sh', workingDir: '/', timeoutSeconds: 5 },
  ],
  CreateMachine: [{ id: '7c0d6f0e-3f5e-4d0c-9d55-1b2f3a4b5c6d', name: 'a', hostId: 'h', os: 'linux' }],
  CreateScript: [
    {
      name: 'a',
      shell: 'SH',
      content: 'id',
      platforms: ['linux'],
      inputs: [{ name: 'n', type: 'select', options: ['a'], default: 'a', pattern: 'a' }],
      retry: { maxAttempts: 2, safe: true },
    },
  ],
  ScheduleExecutions: [
    {
      scriptId: '7c0d6f0e-3f5e-4d0c-9d55-1b2f3a4b5c6d',
      machineIds: ['7c0d6f0e-3f5e-4d0c-9d55-1b2f3a4b5c6d'],
      cron: '0 3 * * *',
      timeZone: 'UTC',
      missedRuns: 'skip',
      missedWindowMinutes: 5,
      inputs: { n: 1 },
    },
  ],
  MediaRequest: [
    {
      vmId: '7c0d6f0e-3f5e-4d0c-9d55-1b2f3a4b5c6d',
      hostname: 'web-1',
      os: { family: 'windows', version: '11', edition: 'Pro' },
      users: [{ name: 'ada', password: 'x' }],
      network: [{ match: { mac: '52:54:00:12:34:56' }, addresses: ['10.0.0.5/24'], gateway: '10.0.0.1' }],
      disk: { match: { minBytes: 1, maxBytes: 2 }, layout: 'plain' },
      keyboard: { layout: 'de', variant: 'x' },
      windows: { drivers: ['viorng'] },
      firstBootScripts: [{ scriptId: '7c0d6f0e-3f5e-4d0c-9d55-1b2f3a4b5c6d', inputs: { a: 1 } }],
      productKey: 'VK7JG-NPHTM-C97JM-9MPGT-3V66T',
    },
  ],
};

const told = (schema: z.ZodType, input: unknown): string[] => {
  const result = schema.safeParse(input);
  if (result.success) return [];
  const faults = faultsOf(result.error, input, schema);
  expect(faults.length).toBeGreaterThan(0);
  return faults.map(({ path, message, remedy }) => {
    expect([path, message, remedy, message.match(FOR_PROGRAMMERS)]).toEqual([path, message, remedy, null]);
    expect([path, message, remedy.match(FOR_PROGRAMMERS)]).toEqual([path, message, null]);
    expect(message).toMatch(/\S/);
    expect(remedy).toMatch(/\S/);
    expect(typeof path).toBe('string');
    return `${path}: ${message} → ${remedy}`;
  });
};

/** The same with what stands at one place replaced, or taken away. */
function spoilt(value: unknown, place: number, by: unknown): unknown {
  let left = place;
  const walk = (node: unknown): unknown => {
    if (left === 0) {
      left -= 1;
      return by;
    }
    left -= 1;
    if (Array.isArray(node)) return node.map(walk);
    if (typeof node !== 'object' || node === null) return node;
    return Object.fromEntries(Object.entries(node).map(([key, inner]) => [key, walk(inner)]));
  };
  return walk(value);
}

/** A word that a person could have typed. */
const anything = fc.oneof(
  fc.constant(undefined),
  fc.jsonValue({ maxDepth: 2 }).filter((value) => !FOR_PROGRAMMERS.test(JSON.stringify(value))),
  fc.constantFrom('', 'x', 0, -1, 1.5, 1e300, null, true, [], {}, 'x'.repeat(70_000), ['x'], { x: 1 }),
);

describe('the faults of a schema', () => {
  it.each(Object.entries(SCHEMAS))('of %s have house words and a remedy, whatever came', (_name, schema) => {
    fc.assert(
      fc.property(anything, (input) => void told(schema, input)),
      { numRuns: 200 },
    );
  });

  it.each(Object.entries(RIGHT))('of %s that was right but for one place, too', (name, examples) => {
    const schema = SCHEMAS[name] as z.ZodType;
    for (const example of examples)
      expect(schema.safeParse(example).error?.issues.filter(({ code }) => code !== 'custom') ?? []).toEqual(
        [],
      );
    fc.assert(
      fc.property(fc.constantFrom(...examples), fc.nat(40), anything, (example, place, by) => {
        told(schema, spoilt(example, place, by));
      }),
      { numRuns: 600 },
    );
  });

  const NoWords = z.strictObject({
    name: z
      .string()
      .describe('What people call it. Shown in lists.')
      .meta({ examples: ['web-1'] }),
    limitSeconds: z.int().min(1).max(10),
    share: z.number().gt(0).lt(1).optional(),
    kind: z.enum(['big', 'small']).optional(),
    one: z.literal(7).optional(),
    tags: z.array(z.string().min(2)).min(1).max(2).optional(),
    label: z
      .string()
      .min(1)
      .meta({ examples: ['blue'] })
      .optional(),
    at: z.iso.datetime().optional(),
    on: z.boolean().optional(),
    even: z.number().multipleOf(2).optional(),
    code: z.string().regex(/^x$/).optional(),
    sized: z.record(z.string().max(2), z.number()).optional(),
    form: z
      .union([z.strictObject({ mac: z.string().min(3) }), z.strictObject({ name: z.string() })])
      .optional(),
    tagged: z
      .discriminatedUnion('t', [
        z.strictObject({ t: z.literal('a'), n: z.int() }),
        z.strictObject({ t: z.literal('b') }),
      ])
      .optional(),
    value: z.union([z.string(), z.number()]).optional(),
    cards: z.union([z.literal('none'), z.array(z.strictObject({ mac: z.string() }))]).optional(),
  });
  const base = { name: 'a', limitSeconds: 1 };

  it.each([
    [
      {},
      ['name: is missing: what people call it → add it, such as web-1', 'limitSeconds: is missing → add it'],
    ],
    [
      { ...base, limitSeconds: '10m' },
      ['limitSeconds: must be a whole number of seconds → correct the value'],
    ],
    [
      { ...base, limitSeconds: 99 },
      ['limitSeconds: must be at most 10 seconds → give a value within the limits'],
    ],
    [{ ...base, share: 1 }, ['share: must be less than 1 → give a value within the limits']],
    [{ ...base, kind: 'bigg' }, ['kind: must be big or small → did you mean big?']],
    [{ ...base, one: 8 }, ['one: must be 7 → correct the value']],
    [{ ...base, tags: [] }, ['tags: must not be empty → fill it in']],
    [{ ...base, label: '' }, ['label: must not be empty → give one such as blue']],
    [{ ...base, share: 0 }, ['share: must be more than 0 → give a value within the limits']],
    [
      { ...base, tags: ['aa', 'bb', 'cc'] },
      ['tags: must have at most 2 entries → give a value within the limits'],
    ],
    [{ ...base, tags: ['a'] }, ['tags.0: must have at least 2 characters → give a value within the limits']],
    [{ ...base, tagged: {} }, ['tagged.t: is missing: a or b → add it, such as a']],
    [{ ...base, at: 'noon' }, ['at: must be a time such as 2027-01-31T14:00:00Z → correct the value']],
    [{ ...base, on: 'yes' }, ['on: must be true or false → correct the value']],
    [{ ...base, even: 3 }, ['even: must be a multiple of 2 → correct the value']],
    [{ ...base, code: 'y' }, ['code: does not have the form that is asked for → correct the value']],
    [
      { ...base, sized: { abc: 1 } },
      ['sized.abc: is no name that can stand here: must have at most 2 characters → correct the value'],
    ],
    [{ ...base, nmae: 'x' }, ['nmae: unknown field → did you mean name?']],
    [
      { ...base, form: { mac: 'x' } },
      ['form.mac: must have at least 3 characters → give a value within the limits'],
    ],
    [{ ...base, form: { nam: 'x' } }, ['form.nam: unknown field → did you mean name?']],
    [{ ...base, form: 5 }, ['form: must be an object → correct the value']],
    [{ ...base, tagged: { t: 'a' } }, ['tagged.n: is missing → add it']],
    [{ ...base, tagged: { t: 'c' } }, ['tagged.t: must be a or b → did you mean a?']],
    [{ ...base, value: true }, ['value: must be text or a number → correct the value']],
    [{ ...base, cards: [{ mac: 1 }] }, ['cards.0.mac: must be text → correct the value']],
    [{ ...base, cards: 'non' }, ['cards: must be none or a list → correct the value']],
    [[], ['(whole): must be an object → correct the value']],
  ])('%j is told', (input, expected) => {
    expect(told(NoWords, input).map((line) => line.replace(/^:/, '(whole):'))).toEqual(expected);
  });

  it('say less without the schema, and never less than path, words and remedy', () => {
    const { error } = NoWords.safeParse({ nmae: 1 });
    expect(error && faultsOf(error, { nmae: 1 })).toEqual([
      { path: 'name', message: 'is missing', remedy: 'add it' },
      { path: 'limitSeconds', message: 'is missing', remedy: 'add it' },
      { path: 'nmae', message: 'unknown field', remedy: 'remove it or correct its name' },
    ]);
  });

  it('knows every beginning of zod’s English', () => {
    const { localeError } = z.locales.en();
    const raw = [
      { code: 'invalid_type', expected: 'string', input: 1 },
      { code: 'invalid_value', values: ['a', 'b'], input: 1 },
      { code: 'invalid_value', values: ['a'], input: 1 },
      { code: 'too_big', origin: 'string', maximum: 1, inclusive: true, input: 'aa' },
      { code: 'too_small', origin: 'array', minimum: 1, inclusive: true, input: [] },
      { code: 'invalid_format', format: 'regex', pattern: '/x/', input: 'y' },
      { code: 'invalid_format', format: 'ipv4', input: 'y' },
      { code: 'not_multiple_of', divisor: 2, input: 3 },
      { code: 'unrecognized_keys', keys: ['a'], input: {} },
      { code: 'invalid_key', origin: 'record', issues: [], input: {} },
      { code: 'invalid_union', errors: [], input: 1 },
      { code: 'invalid_element', origin: 'map', key: 'a', issues: [], input: {} },
      { code: 'custom', input: 1 },
    ];
    for (const issue of raw)
      expect(JSON.stringify(localeError(issue as never)).slice(1)).toMatch(
        /^(Invalid|Too (big|small)|Unrecognized key)/,
      );
  });
});
