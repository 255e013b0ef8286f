import { z } from 'zod';

/**
 * A page of a list, newest first: `nextCursor` goes into `?cursor=` for the page after; null on the last one.
 */
export interface Page<T> {
  items: T[];
  nextCursor: string | null;
}

/** The schema of `Page<T>`. @param id its name in documents, e.g. `MachinePage` */
export const pageOf = <S extends z.ZodType>(item: S, id: string) =>
  z
    .object({
      items: z.array(item),
      nextCursor: z
        .string()
        .nullable()
        .describe('Goes into `cursor` for the page after; null on the last one.'),
    })
    .meta({ id, description: 'A page of a list, newest first.' });

/** What every list takes. */
export const PageQuery = z.strictObject({
  cursor: z.string().max(256).optional().describe('`nextCursor` of the page before.'),
  limit: z.coerce
    .number()
    .int()
    .min(1)
    .max(500)
    .default(50)
    .meta({ description: 'Items on a page.', examples: [50] }),
});
export type PageQuery = z.output<typeof PageQuery>;
