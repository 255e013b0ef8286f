import { z } from 'zod';

/**
 * What both databases can hold. PostgreSQL's text and jsonb have no NUL, its integer has 32 bits and its
 * timestamps no year 0; half of a surrogate pair is no UTF-8; JavaScript writes years after 9999 in a form
 * that no database reads. Schemas of what ends in the database are built of these parts only.
 */

/** Smallest and greatest whole number of a column of 32 bits. */
export const INT = { min: -2_147_483_648, max: 2_147_483_647 } as const;

/** As an expression for JSON Schema: neither NUL nor half of a surrogate pair. */
const STORABLE_TEXT = '^[^\\u0000\\p{Cs}]*$';
const FIRST_TIME = Date.parse('0001-01-01T00:00:00Z');
const LAST_TIME = Date.parse('9999-12-31T23:59:59.999Z');
/** No zone is a day away from UTC. */
const DAY_MS = 86_400_000;

/** Whether both databases can hold the text. */
export const isStorable = (text: string): boolean => !text.includes('\0') && text.isWellFormed();

/** The text with a replacement character where no database could hold it. */
export const storable = (text: string): string => text.replaceAll('\0', '\uFFFD').toWellFormed();

/** Whether both databases can hold the time: from the year 1 to the year 9999, in UTC. */
export const isStorableTime = (time: Date): boolean =>
  time.getTime() >= FIRST_TIME && time.getTime() <= LAST_TIME;

/** The parts below, and nothing that was made without them. */
const PARTS = z.registry<object>();
const part = <S extends z.ZodType>(schema: S): S => {
  PARTS.add(schema, {});
  return schema;
};

/** Whether a schema is one of the parts below, with whatever checks it was given since. @internal */
export function isStorablePart(schema: z.ZodType): boolean {
  for (let at: z.core.$ZodType | undefined = schema; at; at = at._zod.parent) if (PARTS.has(at)) return true;
  return false;
}

/**
 * Text that a caller gives.
 * @param limit in UTF-16 units, as zod and JavaScript count
 * @param form what it must match, told with `message`
 */
export function dbText(limit: number, form?: RegExp, message?: string): z.ZodString {
  const limited = form ? z.string().regex(form, message).meta({ maxLength: limit }) : z.string().max(limit);
  const text = limited.superRefine((value, context) => {
    if (form) {
      // One fault is enough where the form is not what was asked for.
      if (!form.test(value)) return;
      if (value.length > limit)
        context.addIssue({
          code: 'too_big',
          origin: 'string',
          maximum: limit,
          inclusive: true,
          input: value,
        });
    }
    const fault = (words: string, remedy: string): void =>
      context.addIssue({ code: 'custom', message: words, params: { remedy } });
    if (value.includes('\0')) fault('must not contain NUL', 'leave NUL out');
    if (!value.isWellFormed())
      fault('must not contain half of a surrogate pair', 'write the whole character, or leave it out');
  });
  return part(form ? text : text.meta({ pattern: STORABLE_TEXT }));
}

/** A whole number that a caller gives, of 32 bits or within narrower bounds. */
export function dbInt(
  min: number = INT.min,
  max: number = INT.max,
  words: { min?: string; max?: string } = {},
): z.ZodNumber {
  return part(z.number().int().min(min, words.min).max(max, words.max));
}

/** Any finite number that a caller gives, for JSON or a column of 64 bits. */
export const dbNumber = (): z.ZodNumber => part(z.number());

/** A whole number in a query, where all is text. */
export const queryInt = (min: number, max: number) => part(z.coerce.number().int().min(min).max(max));

const beyond = {
  error: 'must be a time between the years 1 and 9999',
  params: { remedy: 'give a time such as 2027-01-31T14:00:00Z' },
};

/**
 * A time that a caller gives: RFC 3339 with its offset, from the year 1 to the year 9999 in UTC.
 * @param message what is said of what is no such time
 */
export const dbTime = (message: string): z.ZodISODateTime =>
  part(
    z.iso
      .datetime({ offset: true, error: message })
      // What is no time at all is told so.
      .refine((text) => Number.isNaN(Date.parse(text)) || isStorableTime(new Date(text)), beyond),
  );

/** The same by the clock of a zone that is told elsewhere: in any zone it is a time of these years. */
export const dbLocalTime = (): z.ZodISODateTime =>
  part(
    z.iso.datetime({ local: true }).refine((text) => {
      const time = Date.parse(/z$/i.test(text) ? text : `${text}Z`);
      return [-DAY_MS, DAY_MS].every((shift) => isStorableTime(new Date(time + shift)));
    }, beyond),
  );

/**
 * Text from a guest, made storable and cut at a limit (UTF-16 units) rather than refused: the rest of the
 * message still counts.
 */
export const guestText = (limit: number): z.ZodString =>
  part(z.string().overwrite((text) => storable(text.slice(0, limit))));

/** A name or an id from a guest, made storable; one that is longer than the limit is refused. */
export const guestWord = (limit: number): z.ZodString => part(z.string().max(limit).overwrite(storable));

/**
 * What a guest printed, as it came: its bytes are counted first, so it is made storable where it is stored.
 * @param limit in UTF-16 units; without one the limit is the line's
 */
export const guestOutput = (limit?: number): z.ZodString =>
  part(limit === undefined ? z.string() : z.string().max(limit));

/** A whole number that a guest counts, for a column of 64 bits: exact up to 2^53. */
export const guestCount = (min = 0, max: number = Number.MAX_SAFE_INTEGER): z.ZodNumber =>
  part(z.number().int().min(min).max(max));

/** A number that a guest measured, for JSON. */
export const guestNumber = (): z.ZodNumber => part(z.number());
