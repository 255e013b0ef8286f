import type { Postgres } from './postgres.js';
import type { RedisServer } from './redis.js';

export default async function tearDown(): Promise<void> {
  const servers = (globalThis as { testServers?: { postgres: Postgres; redis: RedisServer } }).testServers;
  await Promise.all([servers?.postgres.stop(), servers?.redis.stop()]);
}
