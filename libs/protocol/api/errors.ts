import { z } from 'zod';

/** Every code that the operators' API answers with. */
export const ERROR_CODES = [
  'auth.host_refused',
  'auth.origin_refused',
  'auth.required',
  'bus.timeout',
  'bus.unavailable',
  'bus.unsendable',
  'command.not_found',
  'commands.too_many',
  'cursor.invalid',
  'execution.final',
  'execution.not_found',
  'idempotency.in_progress',
  'idempotency.invalid_key',
  'idempotency.key_reused',
  'internal',
  'machine.busy',
  'machine.exists',
  'machine.not_found',
  'machine.unregistered',
  'media.answer_file_invalid',
  'media.app_host_unreachable',
  'media.artifact_missing',
  'media.disk_full',
  'media.drivers',
  'media.exists',
  'media.file_gone',
  'media.file_not_found',
  'media.image_failed',
  'media.name_taken',
  'media.not_found',
  'media.not_ready',
  'media.quota_exceeded',
  'media.remaster_no_menu',
  'media.request_reused',
  'media.seed_not_fat',
  'media.unavailable',
  'media.vendor_iso_damaged',
  'media.vendor_iso_empty',
  'media.vendor_iso_html',
  'media.vendor_iso_missing',
  'media.vendor_iso_no_kernel',
  'media.vendor_iso_not_iso',
  'media.vendor_iso_truncated',
  'media.vendor_iso_unknown',
  'media.xorriso_missing',
  'request.invalid',
  'request.too_large',
  'request.unsupported_media_type',
  'route.method_not_allowed',
  'route.not_found',
  'script.not_found',
  'sealing.no_key',
  'secrets.missing',
  'series.not_found',
] as const;

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
    message: z.string().describe('For a person: what is wrong and what to do next.'),
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
        correlationId: '0f6a1f6e-1c9f-4a55-8a52-6a1d8d0d9c11',
        issues: [{ path: 'name', message: 'must not be empty', remedy: 'give a name' }],
      },
    ],
  });
export type ErrorDto = z.output<typeof ErrorDto>;
