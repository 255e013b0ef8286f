import { type ArgumentMetadata, Injectable, type PipeTransform } from '@nestjs/common';
import type { z } from 'zod';
import { faultsOf } from '#protocol';
import { invalidRequest } from './errors.js';

/**
 * Parses with a schema.
 * @throws AppError `request.invalid` (400) that lists every fault
 */
export function parse<S extends z.ZodType>(schema: S, value: unknown): z.output<S> {
  const result = schema.safeParse(value);
  if (!result.success) throw invalidRequest(faultsOf(result.error, value, schema));
  return result.data;
}

/** `@Body(validated(CreateScript)) body: CreateScript` — the one way in which controllers validate. */
export function validated<S extends z.ZodType>(schema: S): PipeTransform<unknown, z.output<S>> {
  @Injectable()
  class SchemaPipe implements PipeTransform<unknown, z.output<S>> {
    transform(value: unknown, _metadata: ArgumentMetadata): z.output<S> {
      return parse(schema, value ?? {});
    }
  }
  return new SchemaPipe();
}
