import type { z } from 'zod';
import type { Fault } from '#protocol';
import { invalidRequest } from './errors.js';

/** zod's faults in our words. A rule may carry its own way out as `params.remedy`. */
export function issuesOf(error: z.ZodError): Fault[] {
  return error.issues.flatMap((issue): Fault[] => {
    const path = issue.path.join('.');
    if (issue.code === 'unrecognized_keys') {
      return issue.keys.map((key) => ({
        path: path ? `${path}.${key}` : key,
        message: 'unknown field',
        remedy: 'remove it or correct its name',
      }));
    }
    const remedy = issue.code === 'custom' ? (issue.params?.['remedy'] as string | undefined) : undefined;
    return [{ path, message: issue.message, remedy: remedy ?? 'correct the value' }];
  });
}

/**
 * Parses with a schema.
 * @throws AppError `request.invalid` (400) that lists every fault
 */
export function parse<S extends z.ZodType>(schema: S, value: unknown): z.output<S> {
  const result = schema.safeParse(value);
  if (!result.success) throw invalidRequest(issuesOf(result.error));
  return result.data;
}
