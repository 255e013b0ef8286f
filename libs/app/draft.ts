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
  /** Of these the lists that have faults in their elements alone: undefined stands for each such element. */
  partly: PartlySound<T>;
}

/** Only lists stand here; they keep their length, so that a place in one is the place in what was sent. */
type PartlySound<T> = {
  [K in keyof T]?: T[K] extends readonly (infer E)[] ? (E | undefined)[] : never;
};

const drafted = new WeakMap<z.ZodType, z.ZodType>();

/** The schema of a draft takes everything: who gets it answers for the faults. */
export function draftOf<S extends z.ZodObject>(schema: S): z.ZodType<Draft<z.output<S>>> {
  const draft = z.unknown().transform((given): Draft<z.output<S>> => {
    const result = schema.safeParse(given);
    if (result.success) return { sound: result.data, faults: [], unsound: new Set(), partly: {} };
    const { issues } = result.error;
    const unsound = new Set(issues.map(({ path }) => String(path[0] ?? '')));
    const sound: Record<string, unknown> = {};
    const partly: Record<string, unknown> = {};
    const shape: Record<string, z.ZodType> = schema.shape;
    for (const [name, field] of Object.entries(shape)) {
      const own = (given as Record<string, unknown> | null)?.[name];
      if (!unsound.has(name)) {
        const checked = field.safeParse(own);
        if (checked.success) sound[name] = checked.data;
      } else if (field instanceof z.ZodArray && Array.isArray(own)) {
        const isOfElements = issues.every(({ path }) => path[0] !== name || path.length > 1);
        const element = field.element as z.ZodType;
        if (isOfElements) partly[name] = own.map((one) => element.safeParse(one).data);
      }
    }
    const faults = faultsOf(result.error, given, schema);
    type Output = z.output<S>;
    return { sound: sound as Partial<Output>, faults, unsound, partly: partly as PartlySound<Output> };
  });
  drafted.set(draft, schema);
  return draft;
}

/** What a draft is of, for documents; any other schema as it is. */
export const withoutDraft = (schema: z.ZodType): z.ZodType => drafted.get(schema) ?? schema;
