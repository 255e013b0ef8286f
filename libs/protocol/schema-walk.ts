import type { z } from 'zod';

/** What a schema may be made of, as far as a path leads through it. */
interface Definition {
  type: string;
  shape?: Record<string, z.ZodType>;
  element?: z.ZodType;
  valueType?: z.ZodType;
  items?: z.ZodType[];
  options?: z.ZodType[];
  innerType?: z.ZodType;
  in?: z.ZodType;
  out?: z.ZodType;
  left?: z.ZodType;
  right?: z.ZodType;
  getter?: () => z.ZodType;
}
const definitionOf = (schema: z.ZodType): Definition => schema.def;

/** What a person may be told of a field. */
export interface FieldNotes {
  description?: string;
  examples?: unknown[];
}

/** A schema without what is wrapped around it, and each of its forms where it has several. */
function formsOf(schema: z.ZodType): z.ZodType[] {
  const { type, options, innerType, in: input, out, left, right, getter } = definitionOf(schema);
  if (options) return options.flatMap(formsOf);
  if (innerType) return formsOf(innerType);
  if (getter) return formsOf(getter());
  if (left && right) return [left, right].flatMap(formsOf);
  // What was written is checked by the first part, unless that only prepares it for the second.
  if (type === 'pipe' && input && out) return formsOf(definitionOf(input).type === 'transform' ? out : input);
  return [schema];
}

function stepInto(schema: z.ZodType, step: PropertyKey): z.ZodType[] {
  const { shape, element, valueType, items } = definitionOf(schema);
  if (shape) return Object.hasOwn(shape, step) ? [shape[String(step)] as z.ZodType] : [];
  if (items) return items[Number(step)] ? [items[Number(step)] as z.ZodType] : [];
  const inner = element ?? valueType;
  return inner ? [inner] : [];
}

/** Every schema that a value at a path may be of, still in its wrappings. */
export function schemasAt(root: z.ZodType | undefined, path: readonly PropertyKey[]): z.ZodType[] {
  let schemas = root ? [root] : [];
  for (const step of path) schemas = schemas.flatMap(formsOf).flatMap((schema) => stepInto(schema, step));
  return schemas;
}

/** The names of the fields that an object at a path may have. */
export function fieldsAt(root: z.ZodType | undefined, path: readonly PropertyKey[]): string[] {
  const shapes = schemasAt(root, path)
    .flatMap(formsOf)
    .map((schema) => definitionOf(schema).shape ?? {});
  return [...new Set(shapes.flatMap((shape) => Object.keys(shape)))];
}

/** Whether a number at a path must be whole. */
export const isWholeAt = (root: z.ZodType | undefined, path: readonly PropertyKey[]): boolean =>
  schemasAt(root, path)
    .flatMap(formsOf)
    .some((schema) => (schema as { isInt?: boolean }).isInt === true);

/** What a schema says of the field at a path: its own words, or those of what it wraps. */
export function notesAt(root: z.ZodType | undefined, path: readonly PropertyKey[]): FieldNotes {
  const [schema] = schemasAt(root, path);
  let notes: FieldNotes = {};
  for (let at = schema; at; at = definitionOf(at).innerType ?? definitionOf(at).in) {
    const { description, examples } = (at.meta() ?? {}) as FieldNotes;
    notes = {
      ...(description === undefined ? {} : { description }),
      ...(examples === undefined ? {} : { examples }),
      ...notes,
    };
  }
  return notes;
}

/** What stands at a path of a value; undefined where the path leads nowhere. */
export function valueAt(root: unknown, path: readonly PropertyKey[]): unknown {
  return path.reduce<unknown>(
    (value, step) =>
      typeof value === 'object' && value !== null && Object.hasOwn(value, step)
        ? (value as Record<PropertyKey, unknown>)[step]
        : undefined,
    root,
  );
}
