import { Property } from '@mikro-orm/decorators/legacy';

/**
 * Column kinds under their meaning, the same on both databases. Times have milliseconds; on SQLite they are
 * stored as milliseconds since the epoch.
 */
export const Text = (nullable = false) => Property({ type: 'text', nullable });
export const Str = (length = 255, nullable = false) => Property({ type: 'string', length, nullable });
export const Id = (nullable = false) => Property({ type: 'uuid', nullable });
export const Int = (nullable = false) => Property({ type: 'integer', nullable });
/** Up to 2^53: bytes and counters. */
export const Big = (nullable = false) => Property({ type: 'double', nullable });
export const Bool = () => Property({ type: 'boolean' });
export const Time = (nullable = false) => Property({ type: 'datetime', length: 3, nullable });
export const Json = (nullable = false) => Property({ type: 'json', nullable });
