export default async function tearDown() {
  const { postgres, redis } = globalThis.testServers ?? {};
  await Promise.all([postgres?.stop(), redis?.stop()]);
}
