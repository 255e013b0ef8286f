import { z } from 'zod';
import { ERROR_CODES } from './error-codes.js';

/** One fault of a request, as HTTP and bus show it. */
export const IssueDto = z
  .object({
    path: z.string().describe('Dotted path of the field, e.g. `users.0.name`; empty for the whole request.'),
    message: z.string(),
    remedy: z.string().describe('The way out.'),
  })
  .meta({ id: 'Issue', description: 'One fault of a request.' });

/** What every refused or failed request is answered with. */
export const ErrorDto = z
  .object({
    code: z.enum(ERROR_CODES).meta({ id: 'ErrorCode', description: 'Stable; programs decide by it.' }),
    message: z.string().describe('For a person: what is wrong.'),
    remedy: z.string().describe('For a person: the way out.'),
    correlationId: z.string().describe('Also in the header x-correlation-id, and in the log.'),
    issues: z.array(IssueDto).optional().describe('Every fault of the request, with `request.invalid`.'),
  })
  .meta({
    id: 'Error',
    description: 'Why a request was refused or failed.',
    examples: [
      {
        code: 'request.invalid',
        message: 'the request is not valid: name: must not be empty',
        remedy: 'correct the request and send it again',
        correlationId: '0f6a1f6e-1c9f-4a55-8a52-6a1d8d0d9c11',
        issues: [{ path: 'name', message: 'must not be empty', remedy: 'give one such as web-1' }],
      },
    ],
  });
export type ErrorDto = z.output<typeof ErrorDto>;
