import { type ArgumentMetadata, StandardSchemaValidationPipe } from '@nestjs/common';
import { z } from 'zod';
import { faultsOf } from '#protocol';
import { invalidRequest } from '#runtime';

/**
 * Checks what `@Body({ schema })`, `@Query({ schema })` and `@Param(name, { schema })` name, in every app.
 * @throws AppError `request.invalid` (400) that lists every fault; that of a path parameter has its name as
 * path
 */
export class SchemaPipe extends StandardSchemaValidationPipe {
  override async transform<T>(value: T, metadata: ArgumentMetadata): Promise<T> {
    const { schema, data } = metadata;
    if (!(schema instanceof z.ZodType) || !this.toValidate(metadata)) return value;
    // A body that is left out is an empty one: each of its fields is missing then.
    const result = await schema.safeParseAsync(value ?? {});
    if (result.success) return result.data as T;
    const issues = faultsOf(result.error, value ?? {}, schema);
    throw invalidRequest(
      data === undefined
        ? issues
        : issues.map((issue) => ({ ...issue, path: [data, issue.path].filter(Boolean).join('.') })),
    );
  }
}
