import { applyDecorators, HttpCode } from '@nestjs/common';
import { ApiOperation, ApiResponse, getSchemaPath } from '@nestjs/swagger';
import type { z } from 'zod';

/** What a status says of a request that was not carried out. */
const REFUSALS = {
  400: 'The request is not valid: `issues` lists every fault.',
  401: 'No token, or one that is not known.',
  403: 'The Host or Origin header names a place from which this API may not be called.',
  404: 'What the path names is not there.',
  409: 'It contradicts what is there, or the Idempotency-Key was used for another body.',
  410: 'It was there and is gone.',
  413: 'The body is too large.',
  415: 'The body is not JSON.',
  416: 'The range lies beyond the end of the file.',
  422: 'What the request names does not fit.',
  429: 'Too many wait already.',
  500: 'Something failed inside; the log has it under the correlation id.',
  503: 'A part that is needed does not answer.',
  504: 'A part that is needed did not answer in time.',
  507: 'There is no room for it.',
} as const;

/** Given by every route: the guard's, and what nobody foresaw. */
const ALWAYS = [401, 403, 500] as const;

interface Answers {
  summary: string;
  description?: string;
  /** 200 unless given. */
  status?: number;
  /** What the status is, when it needs more words than the schema's. */
  words?: string;
  /** A schema is JSON; without it the answer has no body. */
  body?: z.ZodType;
  /** A body that is not JSON. */
  content?: Record<string, { schema: object }>;
  /** The statuses with which the route itself may refuse, beside those of every route. */
  refuses?: readonly (keyof typeof REFUSALS)[];
}

/** What a route answers: sets its status and tells the document of it and of every error. */
export function Answers(route: Answers): MethodDecorator {
  const { summary, description, status = 200, body, content, refuses = [] } = route;
  const error = { 'application/json': { schema: { $ref: getSchemaPath('Error') } } };
  const refusals = [...ALWAYS, ...refuses].toSorted((a, b) => a - b);
  return applyDecorators(
    HttpCode(status),
    ApiOperation({ summary, ...(description ? { description } : {}) }),
    ApiResponse({
      status,
      description: route.words ?? body?.meta()?.description ?? 'Done.',
      ...(body ? { standardSchema: body } : {}),
      ...(content ? { content } : {}),
    }),
    ...refusals.map((code) => ApiResponse({ status: code, description: REFUSALS[code], content: error })),
  );
}
