import { z } from 'zod';

/** An error on the bus: the shape of HTTP, with the HTTP status that says the same. */
export const BusError = z
  .object({
    code: z
      .string()
      .meta({ description: 'Stable and dotted; see docs/errors.md.', examples: ['media.not_found'] }),
    status: z.number().int().min(400).max(599).meta({ description: 'The HTTP status that says the same.' }),
    message: z.string().meta({ description: 'What is wrong and what to do next, for people.' }),
    remedy: z.string().meta({ description: 'The way out.' }),
    correlationId: z.string().meta({
      description:
        'The first 64 characters of the requestId, or one of its own when there was none; the log has it.',
    }),
    issues: z
      .array(
        z.object({
          path: z.string().meta({ description: 'Dotted path in the request, e.g. request.users.0.name.' }),
          message: z.string(),
          remedy: z.string(),
        }),
      )
      .optional()
      .meta({ description: 'Every fault of the request.' }),
  })
  .meta({ id: 'BusError' });
export type BusError = z.output<typeof BusError>;

/** Every reply: the result, or why there is none. */
export type BusReply<T = unknown> = { ok: true; result: T } | { ok: false; error: BusError };

/** The schema of a reply, for the documents. @internal */
export const busReply = <S extends z.ZodType>(result: S) =>
  z.discriminatedUnion('ok', [
    z.object({ ok: z.literal(true), result }),
    z.object({ ok: z.literal(false), error: BusError }),
  ]);
