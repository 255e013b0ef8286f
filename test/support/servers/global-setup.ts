import { startPostgres } from './postgres.js';
import { startRedis } from './redis.js';

/** One PostgreSQL and one Redis for all integration tests; each file takes a database of its own. */
export default async function setUp(): Promise<void> {
  const [postgres, redis] = await Promise.all([startPostgres(), startRedis()]);
  process.env['TEST_POSTGRES_URL'] = postgres.url;
  process.env['TEST_REDIS_URL'] = redis.url;
  (globalThis as { testServers?: unknown }).testServers = { postgres, redis };
}
