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
