import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { z } from 'zod';
import {
  dbInt,
  dbLocalTime,
  dbText,
  dbTime,
  guestText,
  guestWord,
  INT,
  isStorable,
  isStorableTime,
} from './storable.js';

const takes = (schema: z.ZodType, value: unknown): boolean => schema.safeParse(value).success;

describe('text that a caller gives', () => {
  it('is refused with NUL or half of a surrogate pair, wherever it stands', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        expect(takes(dbText(1000), text)).toBe(isStorable(text));
      }),
    );
    for (const text of ['\0', 'a\0b', '\uD800', '\uDC00a', 'a\uDBFF'])
      expect(takes(dbText(9), text)).toBe(false);
    expect(takes(dbText(9), '𝄞\uFFFF\u0001')).toBe(true);
  });

  it('is told one fault where it has not the form that is asked for', () => {
    const { error } = dbText(9, /^\d+$/, 'must be digits').safeParse('a\0bcd');
    expect(error?.issues.map(({ message }) => message)).toEqual(['must be digits']);
    // A form that lets everything through does not let through what cannot be stored.
    expect(takes(dbText(9, /^[^]*$/, 'any'), '\0')).toBe(false);
  });

  it('says the same in its JSON Schema', () => {
    const { pattern } = z.toJSONSchema(dbText(9).min(1)) as { pattern: string };
    const expression = new RegExp(pattern, 'u');
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        expect(expression.test(text)).toBe(isStorable(text));
      }),
    );
  });
});

describe('a whole number that a caller gives', () => {
  it('has 32 bits', () => {
    for (const value of [INT.min, -1, 0, INT.max]) expect(takes(dbInt(), value)).toBe(true);
    for (const value of [INT.min - 1, INT.max + 1, 2 ** 53, 1e300, 0.5, NaN, Infinity, '1'])
      expect(takes(dbInt(), value)).toBe(false);
  });
});

describe('a time that a caller gives', () => {
  it.each<[string, boolean]>([
    ['0001-01-01T00:00:00Z', true],
    ['0001-01-01T00:00:00+00:01', false],
    ['0000-12-31T23:59:59Z', false],
    ['0000-12-31T23:59:59-00:01', true],
    ['9999-12-31T23:59:59.999Z', true],
    ['9999-12-31T23:59:59.999-00:01', false],
    ['2027-02-29T00:00:00Z', false],
  ])('%s: %s', (text, taken) => {
    expect(takes(dbTime('must be a time'), text)).toBe(taken);
  });

  it('is of the years 1 to 9999 in every zone when its zone stands elsewhere', () => {
    for (const text of ['0001-01-01T12:00', '9999-12-31T12:00', '0000-01-01T00:00Z'])
      expect(takes(dbLocalTime(), text)).toBe(false);
    for (const text of ['0001-01-03T00:00', '9999-12-30T00:00:00'])
      expect(takes(dbLocalTime(), text)).toBe(true);
  });

  it('is written by JavaScript in four digits of the year', () => {
    fc.assert(
      fc.property(fc.date({ noInvalidDate: true }), (time) => {
        expect(isStorableTime(time)).toBe(/^(?!0000)\d{4}-/.test(time.toISOString()));
      }),
    );
  });
});

describe('text from a guest', () => {
  it('is made storable and cut, also where the cut parts a pair', () => {
    expect(guestText(4).parse('a\0\uD800𝄞')).toBe('a\uFFFD\uFFFD\uFFFD');
    expect(guestWord(4).parse('\0a')).toBe('\uFFFDa');
    expect(takes(guestWord(4), 'abcde')).toBe(false);
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), fc.nat(20), (text, limit) => {
        const kept = guestText(limit).parse(text);
        expect(isStorable(kept) && kept.length <= limit).toBe(true);
      }),
    );
  });
});
