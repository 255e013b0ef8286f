// Jest loads this file outside its own module system.
import '../typescript.mjs';

/** One PostgreSQL and one Redis for all integration tests; each file takes a database of its own. */
export default async function setUp() {
  const { startPostgres } = await import('./postgres.ts');
  const { startRedis } = await import('./redis.ts');
  const [postgres, redis] = await Promise.all([startPostgres(), startRedis()]);
  process.env.TEST_POSTGRES_URL = postgres.url;
  process.env.TEST_REDIS_URL = redis.url;
  globalThis.testServers = { postgres, redis };
}
