import { z } from 'zod';

/** `true` or `false` in a query, false when it is left out. */
export const queryFlag = z
  .enum(['true', 'false'], { error: 'must be true or false' })
  .default('false')
  .transform((text) => text === 'true')
  .meta({ documentedAs: { type: 'boolean', default: false } });
