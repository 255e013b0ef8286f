import type { StandardSchemaConverter } from '@nestjs/swagger';
import { z } from 'zod';
import { withoutDraft } from '#app';

/**
 * Turns the schemas that check requests into those of the document. Whatever has an id becomes a component of
 * that name. Answers may gain fields, so their objects are open; requests are as strict as the server.
 * @throws Error when two schemas of different form have the same id, or when a regular expression would lose
 * a flag
 */
export function schemaConverter(): StandardSchemaConverter {
  const known = new Map<string, string>();
  return (schema, { schemaType: io }) => {
    if (!(schema instanceof z.ZodType)) return undefined;
    const {
      $schema: _,
      $defs,
      ...root
    } = z.toJSONSchema(withoutDraft(schema), {
      io,
      unrepresentable: 'any',
      override: ({ zodSchema, jsonSchema }) => {
        const { documentedAs } = z.globalRegistry.get(zodSchema) ?? {};
        if (documentedAs) {
          const { description } = jsonSchema;
          for (const key of Object.keys(jsonSchema)) delete jsonSchema[key];
          Object.assign(jsonSchema, documentedAs, description ? { description } : {});
        }
        const { def } = zodSchema._zod;
        for (const { _zod } of def.checks ?? []) {
          const pattern = 'pattern' in _zod.def ? _zod.def.pattern : undefined;
          if (pattern instanceof RegExp && /[^uv]/.test(pattern.flags))
            throw new Error(`JSON Schema has no flags: ${pattern} would be stricter there than here`);
        }
        if (io === 'output' && def.type === 'object' && !('catchall' in def && def.catchall))
          delete jsonSchema.additionalProperties;
      },
    });
    const components = underComponents($defs ?? {});
    for (const [id, component] of Object.entries(components)) {
      const text = JSON.stringify(component);
      if ((known.get(id) ?? text) !== text)
        throw new Error(`two schemas of different form have the id ${id}`);
      known.set(id, text);
    }
    return { schema: underComponents(root), components };
  };
}

/** JSON Schema names others below `$defs`, OpenAPI below its components. */
function underComponents<T>(schemas: T): T {
  return JSON.parse(JSON.stringify(schemas).replaceAll('"#/$defs/', '"#/components/schemas/')) as T;
}

declare module 'zod' {
  interface GlobalMeta {
    /** The JSON Schema of a value that a query carries as text. */
    documentedAs?: z.core.JSONSchema.JSONSchema;
  }
}
