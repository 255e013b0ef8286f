import { z } from 'zod';
import { dbText, queryInt } from '../storable.js';

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
  cursor: dbText(256).optional().describe('`nextCursor` of the page before.'),
  limit: queryInt(1, 500)
    .default(50)
    .meta({ description: 'Items on a page.', examples: [50] }),
});
export type PageQuery = z.output<typeof PageQuery>;
