import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { z } from 'zod';
import { CreateCommand, CreateScript, givenTime, MediaRequest, ScheduleExecutions, uuid } from '#protocol';
import { schemaConverter } from './json-schema.js';

type Json = Record<string, unknown> & { properties?: Record<string, Json> };

const inputOf = (schema: z.ZodType): { schema: Json; components: Record<string, Json> } =>
  schemaConverter()(schema, { schemaType: 'input' }) as never;

/** Every `pattern` of a document. */
function patterns(value: unknown): string[] {
  if (typeof value !== 'object' || value === null) return [];
  const own = (value as Json)['pattern'];
  return [...(typeof own === 'string' ? [own] : []), ...Object.values(value).flatMap(patterns)];
}
const takes = (json: unknown, text: string): boolean =>
  patterns(json).some((pattern) => new RegExp(pattern, 'u').test(text));

/** The same text with each letter in either case. */
const mixedCase = (text: fc.Arbitrary<string>): fc.Arbitrary<string> =>
  fc
    .tuple(text, fc.infiniteStream(fc.boolean()))
    .map(([plain, upper]) =>
      [...plain].map((letter) => (upper.next().value ? letter.toUpperCase() : letter)).join(''),
    );
const hex = fc.integer({ min: 0, max: 15 }).map((digit) => digit.toString(16));
const hexOf = (length: number): fc.Arbitrary<string> =>
  fc.array(hex, { minLength: length, maxLength: length }).map((digits) => digits.join(''));
const uuids = mixedCase(fc.tuple(...[8, 4, 4, 4, 12].map(hexOf)).map((parts) => parts.join('-')));
const macs = mixedCase(fc.tuple(...[2, 2, 2, 2, 2, 2].map(hexOf)).map((parts) => parts.join(':')));
const times = fc
  .tuple(
    fc.date({ min: new Date('1970-01-01'), max: new Date('2199-12-31'), noInvalidDate: true }),
    fc.constantFrom('Z', '+00:00', '+05:30', '-11:00'),
    fc.boolean(),
  )
  .map(([date, offset, milliseconds]) => date.toISOString().replace(milliseconds ? 'Z' : /\.\d+Z$/, offset));

describe('the JSON Schema of a request', () => {
  const request = { vmId: '', hostname: 'web-1', os: { family: 'ubuntu', version: '24.04' } };

  it('takes every UUID that the server takes, of any version and in either case', () => {
    const { schema } = inputOf(uuid);
    expect(schema['format']).toBe('uuid');
    fc.assert(
      fc.property(uuids, (id) => {
        expect([uuid.safeParse(id).data, takes(schema, id)]).toEqual([id.toLowerCase(), true]);
      }),
    );
  });

  it('takes every MAC address that the server takes', () => {
    const { components } = inputOf(MediaRequest);
    const network = components['NetworkInterface'];
    expect(network).toBeDefined();
    fc.assert(
      fc.property(macs, (mac) => {
        const body = {
          ...request,
          vmId: '7c0d6f0e-3f5e-4d0c-9d55-1b2f3a4b5c6d',
          network: [{ match: { mac } }],
        };
        expect([MediaRequest.safeParse(body).success, takes(network, mac)]).toEqual([true, true]);
      }),
    );
  });

  it('takes every time of RFC 3339, and calls date-time only what is one', () => {
    const { schema } = inputOf(givenTime);
    fc.assert(
      fc.property(times, (time) => {
        expect([givenTime.safeParse(time).success, takes(schema, time)]).toEqual([true, true]);
      }),
    );
    const { scheduledFor } = inputOf(ScheduleExecutions).components['ScheduleExecutions']!.properties!;
    const [withOffset, local] = scheduledFor!['anyOf'] as Json[];
    expect([withOffset!['format'], local!['format']]).toEqual(['date-time', undefined]);
    expect([takes(withOffset, '2027-01-31T14:00'), takes(local, '2027-01-31T14:00')]).toEqual([false, true]);
  });

  it('refuses unknown fields, as the server does', () => {
    for (const [schema, name] of [
      [CreateScript, 'CreateScript'],
      [ScheduleExecutions, 'ScheduleExecutions'],
      [MediaRequest, 'MediaRequest'],
      [CreateCommand, 'UnsafeCommand'],
    ] as const)
      expect(inputOf(schema).components[name]!['additionalProperties']).toBe(false);
  });
});

describe('the conversion', () => {
  it('refuses a regular expression whose flag would be lost', () => {
    expect(() => inputOf(z.object({ a: z.string().regex(/^[a-f]$/i) }))).toThrow(
      /has no flags: \/\^\[a-f\]\$\/i/,
    );
  });

  it('refuses one name for two forms', () => {
    const convert = schemaConverter();
    const form = z.object({ a: z.string().default('x') }).meta({ id: 'JustOnce' });
    convert(form, { schemaType: 'input' });
    expect(() => convert(form, { schemaType: 'output' })).toThrow(
      'two schemas of different form have the id JustOnce',
    );
  });

  it('leaves answers open for new fields', () => {
    const answer = z.object({ a: z.string() });
    expect(schemaConverter()(answer, { schemaType: 'output' })?.schema).not.toHaveProperty(
      'additionalProperties',
    );
  });
});
