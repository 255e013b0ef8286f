import { z } from 'zod';
import { type Fault, type FaultBelow, faultsBelow } from '#protocol';
import { didYouMean, shown, shownAt } from '../fault.js';
import type { YamlText } from './document.js';

/** So many unknown keys of one mapping may be slips; with more of them the file is another thing. */
const GUESSES_MAX = 100;

type Context = z.core.$RefinementCtx;
const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** Hands a fault to zod. */
export function report(context: Context, { path, message, remedy }: FaultBelow): void {
  context.addIssue({ code: 'custom', path, message, params: { remedy } });
}

/**
 * A mapping in which every key is known: an unknown one names the nearest. Unlike `z.strictObject` it knows
 * the names that it could have been. Its rules run also when a value is wrong by itself, so that every fault
 * is told.
 */
export function mapping<S extends z.ZodRawShape>(
  shape: S,
  rules: (value: Record<string, unknown>, add: (fault: FaultBelow) => void) => void = () => undefined,
  /** Remedies for unknown keys that are known elsewhere. */
  remedies: Record<string, string> = {},
) {
  const known = Object.keys(shape);
  return z.looseObject(shape, { error: notA('mapping of keys') }).superRefine(
    (value: unknown, context) => {
      if (!isRecord(value)) return;
      const unknown = Object.keys(value).filter((key) => !known.includes(key));
      for (const [index, key] of unknown.entries()) {
        const otherwise = `use one of ${known.join(', ')}`;
        report(context, {
          path: [key],
          message: 'is an unknown key: it would be ignored or end the installation',
          remedy: remedies[key] ?? (index < GUESSES_MAX ? didYouMean(key, known, otherwise) : otherwise),
        });
      }
      rules(value, (fault) => report(context, fault));
    },
    { when: ({ value }) => isRecord(value) },
  );
}

/** A mapping of which `tag` says which schema holds for it. */
export function tagged(tag: string, schemas: Record<string, z.ZodType>, what: string) {
  const known = Object.keys(schemas);
  return z.unknown().superRefine((value, context) => {
    if (!isRecord(value))
      return report(context, {
        path: [],
        message: `must be a ${what}: a mapping with ${tag}`,
        remedy: 'write it as a mapping',
      });
    const kind = value[tag];
    const schema = typeof kind === 'string' && Object.hasOwn(schemas, kind) ? schemas[kind] : undefined;
    if (!schema)
      return report(context, {
        path: [tag],
        message:
          kind === undefined
            ? `is missing: a ${what} says its ${tag}`
            : `${JSON.stringify(kind)} is no ${tag} of a ${what}`,
        remedy: didYouMean(typeof kind === 'string' ? kind : '', known, `use one of ${known.join(', ')}`),
      });
    const result = schema.safeParse(value);
    forward(context, result.error?.issues ?? [], value);
  });
}

/** A word from a list; a wrong one names the nearest. */
export const word = (known: readonly string[], what: string) =>
  text.superRefine((value, context) => {
    if (known.includes(value)) return;
    report(context, {
      path: [],
      message: `${JSON.stringify(shown(value))} is not a known ${what}`,
      remedy: didYouMean(value, known, `use one of ${known.join(', ')}`),
    });
  });

/** A text of which a function says what is wrong, or null. */
export const checked = (fault: (value: string) => { message: string; remedy: string } | null) =>
  text.superRefine((value, context) => {
    const found = fault(value);
    if (found) report(context, { path: [], ...found });
  });

/** A text of a form. */
export const form = (pattern: RegExp, message: string, remedy: string) =>
  checked((value) => (pattern.test(value) ? null : { message, remedy }));

const notA =
  (what: string) =>
  ({ input }: { input?: unknown }): string =>
    input === undefined ? 'is missing' : `must be a ${what}`;

export const text = z.string({ error: notA('text: put it in quotes') });
export const filled = text.min(1, 'must not be empty');
export const flag = z.boolean({ error: notA('boolean: true or false') });
export const whole = z.int({ error: notA('whole number') });
export const list = <S extends z.ZodType>(item: S) => z.array(item, { error: notA('list') });
export const named = <S extends z.ZodType>(value: S) =>
  z.record(z.string(), value, { error: notA('mapping of names') });
/**
 * One of several forms. The faults of the form that was meant are told: the one that fits the type of the
 * value. Where none does, or several do, it is the message.
 */
export const either = (...forms: [...z.ZodType[], string]) =>
  z.unknown().superRefine((value, context) => {
    const message = forms.at(-1) as string;
    const results = (forms.slice(0, -1) as z.ZodType[]).map((schema) => schema.safeParse(value));
    if (results.some(({ success }) => success)) return;
    const meant = results
      .map(({ error }) => error?.issues ?? [])
      .filter((issues) => !issues.some(isOfAnotherType));
    if (meant.length === 1) return forward(context, meant[0] ?? [], value);
    report(context, {
      path: [],
      message: value === undefined ? 'is missing' : message,
      remedy: value === undefined ? 'add it' : 'correct the value',
    });
  });

const isOfAnotherType = ({ path, code }: z.core.$ZodIssue): boolean =>
  path.length === 0 && (code === 'invalid_type' || code === 'invalid_value');

/** Tells the faults of a schema that was applied inside a rule. */
function forward(context: Context, issues: readonly z.core.$ZodIssue[], value: unknown): void {
  for (const fault of faultsBelow(issues, value)) report(context, fault);
}

/** Checks with the schema that a value asks for itself. */
export const chosen = (choose: (value: unknown) => z.ZodType) =>
  z.unknown().superRefine((value, context) => {
    forward(context, choose(value).safeParse(value).error?.issues ?? [], value);
  });

/** Checks a document against a schema; `below` is the path at which the value stands. */
export function schemaFaults(
  schema: z.ZodType,
  value: unknown,
  yaml: YamlText,
  below: PropertyKey[] = [],
): Fault[] {
  const issues = schema.safeParse(value).error?.issues ?? [];
  return faultsBelow(issues, value).map(({ path: inner, message, remedy }): Fault => {
    const path = [...below, ...inner];
    const line = yaml.lineOf(path);
    return {
      path: path.map(String).join('.'),
      ...shownAt(value, inner, below),
      message,
      remedy,
      ...(line === undefined ? {} : { line }),
    };
  });
}
