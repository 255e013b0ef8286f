import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { AuditEntry, type Database, Machine, Media } from '#db';
import { newId, onBothDatabases } from '../../test/support/servers/databases.js';
import { publishArtifacts, startMedia, type TestMedia } from '../../test/support/media/media.js';
import { MediaLifetime } from './media-lifetime.js';

onBothDatabases('the lifetime of a medium', (given) => {
  let database: Database;
  let media: TestMedia;
  let lifetime: MediaLifetime;

  beforeAll(async () => {
    database = given().database;
    media = await startMedia(given().url, { MEDIA_AFTER_HELLO_MINUTES: '30', MEDIA_QUOTA_MIB: '3' });
    lifetime = media.app.app.get(MediaLifetime, { strict: false });
    await publishArtifacts(database);
  });
  afterAll(() => media.stop());

  const make = async (vmId = newId()): Promise<{ id: string; vmId: string }> => {
    const { status, body } = await media.request('POST', '/media', {
      vmId,
      hostname: 'web-1',
      os: { family: 'ubuntu', version: '24.04' },
      source: 'cloud-image',
    });
    expect({ status, body }).toMatchObject({ status: 201 });
    return { id: body.id as string, vmId };
  };
  const isThere = (id: string): boolean => existsSync(join(media.baseDir, 'media', id, 'seed.iso'));
  const minutesAgo = (minutes: number): Date => new Date(Date.now() - minutes * 60_000);
  /** @param provedMedium the medium whose proof its hello shows */
  const says = (vmId: string, provedMedium: string | null, helloAt: Date, more: object = {}) =>
    database.work().nativeUpdate(Machine, { id: vmId }, { provedMedium, helloAt, ...more });
  const made = (id: string, createdAt: Date): Promise<unknown> =>
    database.work().nativeUpdate(Media, { id }, { createdAt });

  it('ends a while after the machine that it installed said hello, not at once', async () => {
    const { id, vmId } = await make();
    await made(id, minutesAgo(100));
    await says(vmId, id, minutesAgo(20));
    expect(await lifetime.removeEnded()).toEqual([]);
    expect(isThere(id)).toBe(true);
    await says(vmId, id, minutesAgo(31));
    expect(await lifetime.removeEnded()).toEqual([id]);
    expect(isThere(id)).toBe(false);
    expect((await media.request('GET', `/media/${id}`)).status).toBe(404);
    const audit = await database.work().findOneOrFail(AuditEntry, { subjectId: id, action: 'media.delete' });
    expect(audit).toMatchObject({ actor: 'media', correlationId: `installed-${id}` });
  });

  it('is not ended by the old installation that is about to be replaced', async () => {
    const { id: first, vmId } = await make();
    await says(vmId, first, minutesAgo(200));
    await media.request('DELETE', `/media/${first}`);
    const { id } = await make(vmId);
    await made(id, minutesAgo(100));
    await says(vmId, first, minutesAgo(50), { spoolId: 'an invented one' });
    expect(await lifetime.removeEnded()).toEqual([]);
    await says(vmId, id, minutesAgo(50));
    expect(await lifetime.removeEnded()).toEqual([id]);
  });

  it('that has no proof ends by another spool than before', async () => {
    const { id, vmId } = await make();
    const earlier = { proofSha256: null, spoolBefore: 'old-spool', createdAt: minutesAgo(100) };
    await database.work().nativeUpdate(Media, { id }, earlier);
    await says(vmId, null, minutesAgo(50), { spoolId: 'old-spool' });
    expect(await lifetime.removeEnded()).toEqual([]);
    await says(vmId, null, minutesAgo(50), { spoolId: 'new-spool' });
    expect(await lifetime.removeEnded()).toEqual([id]);
  });

  it('ends by its time at the latest', async () => {
    const { id } = await make();
    await database.work().nativeUpdate(Media, { id }, { expiresAt: minutesAgo(1) });
    expect(await lifetime.removeEnded()).toEqual([id]);
    const audit = await database.work().findOneOrFail(AuditEntry, { subjectId: id, action: 'media.delete' });
    expect(audit.correlationId).toBe(`expired-${id}`);
  });

  it('gives room to others: a request beyond the quota leaves nothing behind', async () => {
    const ids: string[] = [];
    let refusal: { status: number; body: { code: string } } | null = null;
    for (let count = 0; count < 20 && !refusal; count += 1) {
      const answer = await media.request('POST', '/media', {
        vmId: newId(),
        hostname: 'web-1',
        os: { family: 'ubuntu', version: '24.04' },
        source: 'cloud-image',
      });
      if (answer.status === 201) ids.push(answer.body.id as string);
      else refusal = answer;
    }
    expect(refusal).toMatchObject({ status: 507, body: { code: 'media.quota_exceeded' } });
    expect(ids.length).toBeGreaterThan(2);
    expect(readdirSync(join(media.baseDir, 'media')).sort()).toEqual([...ids].sort());
    for (const id of ids) await media.request('DELETE', `/media/${id}`);
    await make();
  });
});
