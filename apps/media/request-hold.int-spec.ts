import { beforeEach, expect, it } from '@jest/globals';
import { IdempotencyKey } from '#db';
import { createLogger } from '#runtime';
import { sealPasswords } from '#secrets';
import { mediaRequest } from '../../test/support/media/media.js';
import { dialectOf } from '../../test/support/rows/dialect.js';
import { newId, onBothDatabases } from '../../test/support/servers/databases.js';
import { waitFor } from '../../test/support/wait.js';
import type { MediaConfig } from './config.js';
import type { Asker } from './asker.js';
import { type Hold, RequestHolds } from './request-hold.js';

const config = { SECRETS_KEY: '5e'.repeat(32) } as MediaConfig;
const logger = createLogger({ level: 'silent', app: 'media' });
const request = mediaRequest();

class ShortHolds extends RequestHolds {
  protected override readonly leaseSeconds = 1;
}

onBothDatabases('a request whose medium is being made', (given) => {
  let asker: Asker;
  let holds: RequestHolds;
  beforeEach(() => {
    asker = { name: 'operator', requestId: newId(), idName: 'requestId' };
    holds = new RequestHolds(config, given().database, logger);
  });

  const answered = (): Promise<string> => Promise.resolve('as before');
  const quick = (of: Hold): Promise<string> =>
    given().database.transaction(async (work) => {
      await of.finish(work);
      return 'made';
    });
  /** Begins one that is at work until it is told to go on. */
  const begin = async (by = holds): Promise<{ goOn: () => void; ended: Promise<string> }> => {
    let goOn = (): void => undefined;
    const wait = new Promise<void>((resolve) => (goOn = resolve));
    let begun = false;
    const make = async (hold: Hold): Promise<string> => {
      begun = true;
      await wait;
      return quick(hold);
    };
    const ended = by.during(request, asker, make, answered);
    ended.catch(() => undefined);
    await waitFor(() => begun, { what: 'the first to be at work' });
    return { goOn, ended };
  };
  const lapse = async (): Promise<void> => {
    const work = given().database.work();
    await work.execute(
      `update idempotency_key set created_at = ${dialectOf(work).nowPlusSeconds} where key = ?`,
      [-31, asker.requestId],
    );
  };

  it('keeps others out until it is made, and gives them its answer then', async () => {
    const { goOn, ended } = await begin();
    await expect(holds.during(request, asker, quick, answered)).rejects.toMatchObject({
      code: 'media.in_progress',
      status: 409,
      retryAfterSeconds: 5,
    });
    goOn();
    expect(await ended).toBe('made');
    expect(await holds.during(request, asker, quick, answered)).toBe('as before');
  });

  it('is taken over when its lease has lapsed, and its first holder commits nothing', async () => {
    const { goOn, ended } = await begin();
    await lapse();
    expect(await holds.during(request, asker, quick, answered)).toBe('made');
    goOn();
    await expect(ended).rejects.toMatchObject({ code: 'media.in_progress' });
    expect(await holds.during(request, asker, quick, answered)).toBe('as before');
  });

  it('has its lease renewed while it is at work', async () => {
    const { goOn, ended } = await begin(new ShortHolds(config, given().database, logger));
    const renewedAt = async (): Promise<number> => {
      const row = await given().database.work().findOneOrFail(IdempotencyKey, { key: asker.requestId });
      return row.createdAt.getTime();
    };
    const first = await renewedAt();
    await waitFor(async () => (await renewedAt()) > first, { what: 'the lease to be renewed' });
    goOn();
    expect(await ended).toBe('made');
  });

  it('may come again at once when it has failed', async () => {
    const failing = (): Promise<string> => Promise.reject(new Error('no room'));
    await expect(holds.during(request, asker, failing, answered)).rejects.toThrow('no room');
    expect(await holds.during(request, asker, quick, answered)).toBe('made');
  });

  it('is known by what it asks, however its passwords are sealed', async () => {
    const windows = (password: string): typeof request =>
      sealPasswords(
        { ...request, os: { ...request.os, family: 'windows' }, users: [{ name: 'someone', password }] },
        config.SECRETS_KEY,
      ) as typeof request;
    expect(await holds.during(windows('one'), asker, quick, answered)).toBe('made');
    expect(await holds.during(windows('one'), asker, quick, answered)).toBe('as before');
    await expect(holds.during(windows('two'), asker, quick, answered)).rejects.toMatchObject({
      code: 'media.request_reused',
    });
  });
});
