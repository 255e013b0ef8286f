import type { z } from 'zod';

/** What a schema may be made of, as far as this walk goes. */
interface Definition {
  type: string;
  shape?: Record<string, z.ZodType>;
  catchall?: z.ZodType;
  element?: z.ZodType;
  keyType?: z.ZodType;
  valueType?: z.ZodType;
  options?: z.ZodType[];
  innerType?: z.ZodType;
  in?: z.ZodType;
  out?: z.ZodType;
}

/** A schema that has no other inside, and where it stands: names of fields, `0` in lists, `*` in records. */
export interface Leaf {
  path: string[];
  schema: z.ZodType;
  /** The name of a record's field rather than a value. */
  isKey: boolean;
}

/**
 * Everything that a value of a schema is made of in the end.
 * @throws Error for a kind of schema that this walk does not know
 */
export function leavesOf(schema: z.ZodType, path: string[] = []): Leaf[] {
  const def = schema.def as unknown as Definition;
  const below = (inner: z.ZodType | undefined, ...steps: string[]): Leaf[] =>
    inner ? leavesOf(inner, [...path, ...steps]) : [];
  switch (def.type) {
    case 'object':
      return [
        ...Object.entries(def.shape ?? {}).flatMap(([name, field]) => below(field, name)),
        ...below(def.catchall, '*'),
      ];
    case 'array':
      return below(def.element, '0');
    case 'record':
      return [
        ...below(def.keyType, '*').map((leaf) => ({ ...leaf, isKey: true })),
        ...below(def.valueType, '*'),
      ];
    case 'union':
      return (def.options ?? []).flatMap((option) => below(option));
    case 'optional':
    case 'nullable':
    case 'default':
    case 'prefault':
    case 'catch':
      return below(def.innerType);
    case 'pipe': {
      const { type } = (def.out as z.ZodType).def;
      // What only prepares a value for a choice, or for the part that checks it.
      const isPrepared = type === 'enum' || (def.in as z.ZodType).def.type === 'transform';
      return below(isPrepared ? def.out : def.in);
    }
    case 'string':
    case 'number':
    case 'boolean':
    case 'enum':
    case 'literal':
    case 'null':
    case 'never':
    case 'unknown':
      return [{ path, schema, isKey: false }];
    default:
      throw new Error(`${path.join('.')}: a walk through schemas does not know ${def.type}`);
  }
}
