import fc from 'fast-check';
import type { z } from 'zod';
import { valueAt } from '#protocol';
import { type Leaf, leavesOf } from './leaves.js';

/** Around what 32 bits, 53 bits and a double hold. */
const NUMBERS = [
  0,
  -1,
  1,
  500,
  2 ** 31 - 1,
  2 ** 31,
  -(2 ** 31) - 1,
  2 ** 53,
  -(2 ** 63),
  1e300,
  5e-324,
  0.5,
];
/** Around the first and last years that databases hold, the last that JavaScript holds, and none. */
const TIMES = [
  ...['0000-01-01T00:00:00Z', '0001-01-01T00:00:00+01:00', '0001-01-01T00:00:00Z', '-000001-01-01T00:00:00Z'],
  ...['1969-12-31T23:59:59Z', '2027-01-31T14:00', '2027-03-28T02:30:00+02:00', '2028-02-29T24:00:00Z'],
  ...['6053-01-28T00:00:00Z', '9998-12-31T23:59:59Z', '9999-12-31T23:59:59.999999999Z'],
  ...[
    '9999-12-31T23:59:59-23:59',
    '+010008-01-01T00:00:00Z',
    '+275760-09-13T00:00:00Z',
    '2027-13-01T00:00:00Z',
  ],
];
const TEXTS = [
  ...[
    '\0',
    'a\0b',
    '\uD800',
    'a\uDFFF',
    '\uFFFE',
    '\uFFFF',
    '',
    ' ',
    '\n',
    '\u2028',
    "'",
    '"',
    '\\',
    '%',
    '$1',
  ],
  ...['?', '??', ':name', "');drop table machine;--", '{}', '[]', 'null', 'NaN', '1e400', '__proto__', '*'],
  ...['00000000-0000-0000-0000-000000000000', '------------------------------------', '@yearly', '* * * * *'],
  ...['0 0 29 2 *', '0 0 31 2 *', 'Europe/Berlin', 'UTC', 'x'.repeat(300), '𝄞'.repeat(2000)],
];
const cursors = fc
  .tuple(
    fc.oneof(
      fc.constantFrom('', '0', 'NaN', '-1', '8640000000000000', '253402300800000', '-62135596800001'),
      fc.string(),
    ),
    fc.oneof(fc.uuid(), fc.constantFrom('-'.repeat(36), '', '\0'.repeat(36), 'f'.repeat(36))),
  )
  .map(([time, id]) => Buffer.from(`${time}/${id}`).toString('base64url'));

const UNSTORABLE = ['\0', 'a\0b', '\uD800', 'a\uDFFF'];

const texts = fc.oneof(
  { weight: 2, arbitrary: fc.constantFrom(...UNSTORABLE) },
  fc.constantFrom(...TIMES),
  fc.constantFrom(...TEXTS),
  fc.string({ unit: 'binary', maxLength: 40 }),
  cursors,
);
const numbers = fc.oneof({ weight: 3, arbitrary: fc.constantFrom(...NUMBERS) }, fc.integer(), fc.double());

/** What no border should let through to a database, and much that it should, for one kind of value. */
function hostileFor({ path, schema }: Leaf): fc.Arbitrary<unknown> {
  const { type, format } = schema.def as { type: string; format?: string };
  const others = fc.oneof(texts, numbers, fc.constantFrom(true, null), fc.jsonValue({ maxDepth: 2 }));
  const own = (): fc.Arbitrary<unknown> => {
    if (path.at(-1) === 'cursor') return cursors;
    if (format === 'datetime') return fc.constantFrom(...TIMES);
    return type === 'string' ? texts : type === 'number' ? numbers : fc.boolean();
  };
  return fc.oneof({ weight: 5, arbitrary: own() }, { weight: 1, arbitrary: others });
}

type Json = Record<string, unknown>;

/** A copy with a value at a path; lists and objects that are missing on the way are made. */
function withValue(root: unknown, [step, ...rest]: string[], value: unknown): unknown {
  if (step === undefined) return value;
  if (step === '0') return [withValue(Array.isArray(root) ? root[0] : undefined, rest, value)];
  const object = typeof root === 'object' && root !== null && !Array.isArray(root) ? (root as Json) : {};
  return { ...object, [step]: withValue(object[step], rest, value) };
}

/**
 * Requests that are right but for one to three of their values.
 * @param bases right ones, to begin with
 */
export function nearlyRight(schema: z.ZodType, bases: readonly object[]): fc.Arbitrary<unknown> {
  const leaves = leavesOf(schema);
  const names = fc.oneof(
    { weight: 3, arbitrary: fc.constantFrom('a', 'who') },
    fc.string({ unit: 'binary', maxLength: 9 }),
  );
  const changeOf = (base: object): fc.Arbitrary<[string[], unknown]> => {
    const there = leaves.filter(({ path }) => valueAt(base, path) !== undefined);
    const anywhere = fc.constantFrom(...leaves);
    return (there.length > 0 ? fc.oneof(fc.constantFrom(...there), anywhere) : anywhere).chain((leaf) =>
      fc.tuple(
        names.map((name) => leaf.path.map((step) => (step === '*' ? name : step))),
        hostileFor(leaf),
      ),
    );
  };
  return fc
    .constantFrom(...bases)
    .chain((base) =>
      fc
        .array(changeOf(base), { minLength: 1, maxLength: 3 })
        .map((changes) =>
          changes.reduce<unknown>((request, [path, value]) => withValue(request, path, value), base),
        ),
    );
}

/** The same as a query's text. */
export const asQuery = (query: unknown): string =>
  Object.entries(query as Json)
    .map(([name, value]) => {
      const text = typeof value === 'string' ? value.toWellFormed() : JSON.stringify(value);
      return `${encodeURIComponent(name.toWellFormed())}=${encodeURIComponent(text)}`;
    })
    .join('&');
