import type { MediaRequest } from '#protocol';
import { chain } from './chain.js';
import type { Delivery } from './delivery.js';
import { directKernel } from './direct-kernel.js';
import { remaster } from './remaster.js';
import { seed } from './seed.js';

/**
 * The one table that knows all deliveries: a new one is a file beside these, a row here and its name in the
 * request's schema.
 */
export const DELIVERIES: Readonly<Record<MediaRequest['delivery'], Delivery>> = {
  seed,
  chain,
  'direct-kernel': directKernel,
  remaster,
};
