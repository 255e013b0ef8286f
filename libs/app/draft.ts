import { z } from 'zod';
import { type Fault, faultsOf } from '#protocol';

/**
 * What somebody sent, checked as far as a schema can. A service that has more checks of its own runs them on
 * what is sound, so that all faults of a request come together in one answer.
 */
export interface Draft<T> {
  /** The whole request when it has no fault, otherwise those of its fields that have none. */
  sound: Partial<T>;
  faults: Fault[];
  /** The fields that have faults: they are left out of `sound`, like those that were not sent. */
  unsound: ReadonlySet<string>;
}

const drafted = new WeakMap<z.ZodType, z.ZodType>();

/** The schema of a draft takes everything: who gets it answers for the faults. */
export function draftOf<S extends z.ZodObject>(schema: S): z.ZodType<Draft<z.output<S>>> {
  const draft = z.unknown().transform((given): Draft<z.output<S>> => {
    const result = schema.safeParse(given);
    if (result.success) return { sound: result.data, faults: [], unsound: new Set() };
    const unsound = new Set(result.error.issues.map(({ path }) => String(path[0] ?? '')));
    const fields = Object.entries(schema.shape as Record<string, z.ZodType>).flatMap(([name, field]) => {
      const own = (given as Record<string, unknown> | null)?.[name];
      const checked = unsound.has(name) ? undefined : field.safeParse(own);
      return checked?.success ? [[name, checked.data] as const] : [];
    });
    const sound = Object.fromEntries(fields) as Partial<z.output<S>>;
    return { sound, faults: faultsOf(result.error, given, schema), unsound };
  });
  drafted.set(draft, schema);
  return draft;
}

/** What a draft is of, for documents; any other schema as it is. */
export const withoutDraft = (schema: z.ZodType): z.ZodType => drafted.get(schema) ?? schema;
