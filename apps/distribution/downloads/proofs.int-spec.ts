import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { type Database, Download, Media, openDatabase } from '#db';
import { sha256, startDistribution, type TestDistribution } from '../../../test/support/apps/distribution.js';
import { medium } from '../../../test/support/rows/medium-rows.js';
import { waitFor } from '../../../test/support/wait.js';

const AGENT = Buffer.alloc(100_000, 'agent');
const SCRIPT = 'echo install\n';
const PINS = [
  { kind: 'binary', sha256: sha256(AGENT), version: '1' },
  { kind: 'script', sha256: sha256(SCRIPT), version: '1' },
];

let server: TestDistribution;
let database: Database;
beforeAll(async () => {
  server = await startDistribution({
    'binaries/linux/infiniservice': AGENT,
    'install/install-linux.sh': SCRIPT,
  });
  database = await openDatabase(server.databaseUrl);
});
afterAll(async () => {
  await database.close();
  await server.stop();
});

let fetched = 0;
/** Downloads that were counted. */
const recorded = async (where: object): Promise<number> =>
  (await database.work().find(Download, where)).reduce((sum, { count }) => sum + count, 0);
/** Fetches by hash, and waits until the download is written down. */
const fetchAs = async (token: string, content: Buffer | string, more: Record<string, string> = {}) => {
  const headers = { authorization: token, ...more };
  const answer = await server.get(`/infiniservice/sha256/${sha256(content)}`, headers);
  fetched += 1;
  await waitFor(async () => (await recorded({})) === fetched, { what: 'the record' });
  return answer.status;
};

it('a medium is marked by whole downloads of what it pins, with its own proof alone', async () => {
  const machineId = randomUUID();
  const { id, proof } = await medium(database, machineId, { pins: PINS });
  const other = await medium(database, machineId, { pins: PINS });
  const marks = async (): Promise<[boolean, boolean]> => {
    const { binaryFetchedAt, scriptFetchedAt } = await database.work().findOneOrFail(Media, { id });
    return [binaryFetchedAt !== null, scriptFetchedAt !== null];
  };
  // What is no proof is no reason to refuse: these files are for everybody.
  for (const token of ['', 'Bearer', `Bearer ${'0'.repeat(64)}`, `Basic ${proof}`, `Bearer ${other.proof}`])
    expect(await fetchAs(token, AGENT)).toBe(200);
  expect(await fetchAs(`Bearer ${proof}`, AGENT, { range: 'bytes=0-9' })).toBe(206);
  expect(await marks()).toEqual([false, false]);
  expect(await fetchAs(`Bearer ${proof}`, AGENT, { range: 'bytes=10-' })).toBe(206);
  expect(await marks()).toEqual([true, false]);
  expect(await fetchAs(`bearer ${proof}`, SCRIPT)).toBe(200);
  expect(await marks()).toEqual([true, true]);
  // Those of this medium and of the other one are this machine's.
  expect(await recorded({ machineId })).toBe(4);
});
