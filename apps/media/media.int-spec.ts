import { createHash, randomUUID } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Artifact, type Database, Machine, Media, ScriptExecution } from '#db';
import { BusRequests, MediaResult, type PlanDevice, sealingPublicKey, sealPassword } from '#protocol';
import { channelSecret, readSeed } from '../../test/support/apps/apps.js';
import { send } from '../../test/support/apps/http.js';
import { command } from '../../test/support/processes/commands.js';
import { newId, onBothDatabases } from '../../test/support/servers/databases.js';
import { MEDIA_TOKEN, publishArtifacts, startMedia, type TestMedia } from '../../test/support/media/media.js';
import { anaconda, standInIso } from '../../test/support/media/vendor-isos.js';
import { INSTALL_ENV } from './families/linux/read-medium.js';
import { readExecution, script } from '../../test/support/rows/rows.js';

const CANARY = 'canary-password-3f9c';
const SEALING_KEY = 'a7'.repeat(32);

onBothDatabases('media', (given) => {
  let database: Database;
  let media: TestMedia;
  let scripts: string[];

  beforeAll(async () => {
    database = given().database;
    media = await startMedia(given().url, { SEALING_KEY, MEDIA_URL: 'https://media.example:8443/base/' });
    await publishArtifacts(database);
    scripts = [await script(database, 'echo canary-script-77ab'), await script(database, 'echo two')];
  });
  afterAll(() => media.stop());

  const body = (more: object = {}): { vmId: string } & Record<string, unknown> => ({
    vmId: newId(),
    hostname: 'web-1',
    os: { family: 'ubuntu', version: '24.04' },
    source: 'cloud-image',
    ...more,
  });
  const image = (result: MediaResult): string => join(media.baseDir, 'media', result.id, 'seed.iso');
  const onDisk = (): string[] => readdirSync(join(media.baseDir, 'media'));

  it('that were made before 0.2.0 are answered with the fields of today', async () => {
    const { body: made } = await media.request('POST', '/media', body());
    const { machine, cards, detach, ends, warnings, ...rest } = made.plan;
    expect([machine, cards, detach, ends, warnings].every(Boolean)).toBe(true);
    const earlier = {
      ...rest,
      devices: rest.devices.map(({ role, bus, kind, bootindex, path }: PlanDevice) => ({
        ...{ role, bus, kind, bootindex, path },
      })),
      firstStart: null,
    };
    await database.transaction(async (work) => {
      (await work.findOneOrFail(Media, { id: made.id })).plan = earlier;
      await work.flush();
    });
    const { status, body: got } = await media.request('GET', `/media/${made.id}`);
    expect(status).toBe(200);
    expect(MediaResult.parse(got)).toMatchObject({
      warnings: [],
      plan: {
        ...{ machine: null, cards: [], detach: [], ends: null, warnings: [] },
        devices: [{ role: 'system-disk', id: null, target: null }, { role: 'seed' }, { role: 'channel' }],
        firstStart: { qemu: [], libvirtXml: rest.libvirtXml },
      },
    });
  });

  it('come with the machine and its first-boot rows, by HTTP', async () => {
    const request = body({
      users: [{ name: 'ada', password: CANARY }],
      firstBootScripts: [{ scriptId: scripts[1], order: 7 }, { scriptId: scripts[0] }],
    });
    const { status, body: result } = await media.request('POST', '/media', request);
    expect(status).toBe(201);
    expect(result).toMatchObject({
      machineId: request.vmId,
      files: [{ name: 'seed.iso', kind: 'seed', sha256: expect.stringMatching(/^[0-9a-f]{64}$/) }],
    });
    expect(result.executions.map(({ scriptId, order }: ScriptExecution) => [scriptId, order])).toEqual([
      [scripts[0], 1],
      [scripts[1], 7],
    ]);
    for (const { id } of result.executions)
      expect(await readExecution(database, id)).toMatchObject({
        machineId: request.vmId,
        executionType: 'FIRST_BOOT',
        status: 'PENDING',
      });
    expect(await database.work().findOneOrFail(Machine, { id: request.vmId })).toMatchObject({
      name: 'web-1',
      os: 'linux',
      registered: true,
    });
    const file = await media.request('GET', `/media/${result.id}/files/seed.iso`);
    expect(file.bytes).toEqual(readFileSync(image(result)));
    expect(file.bytes.length).toBeLessThan(1_048_576);
    expect((await media.request('GET', `/media/${result.id}`)).body).toEqual(result);
  });

  it("of a boot ISO name the vendor's mirrors, which its installer does not know", async () => {
    const label = 'Rocky-9-4-x86_64-boot';
    const boot = anaconda('netinst', { product: 'Rocky Linux', version: '9.4', label });
    const vendorIso = await standInIso(join(media.baseDir, 'rocky-boot.iso'), boot);
    const request = body({ os: { family: 'rocky', version: '9' }, source: 'installer', vendorIso });
    const { status, body: result } = await media.request('POST', '/media', request);
    expect([status, result.issues]).toEqual([201, undefined]);
    expect(readSeed(image(result), 'ks.cfg')).toContain(
      `\nurl --mirrorlist='https://mirrors.rockylinux.org/mirrorlist?arch=x86_64&repo=BaseOS-9'\n`,
    );
  });

  it('carry no secret in plain text: not in image, rows, log or answer', async () => {
    const request = body({
      users: [{ name: 'ada', password: CANARY }],
      firstBootScripts: [{ scriptId: scripts[0] }],
    });
    const answer = await media.request('POST', '/media', request);
    const row = await database.work().findOneOrFail(Media, { id: answer.body.id });
    const userData = readSeed(image(answer.body), 'user-data');
    expect(userData).toMatch(/passwd: "\$6\$/);
    for (const text of [
      readFileSync(image(answer.body), 'latin1'),
      JSON.stringify(row),
      answer.bytes.toString(),
      media.logged(),
    ]) {
      expect(text).not.toContain(CANARY);
      expect(text).not.toContain('canary-script-77ab');
    }
    // The channel secret is for the machine alone.
    const secret = channelSecret(image(answer.body));
    expect(secret).toMatch(/^[0-9a-f]{64}$/);
    for (const text of [userData, JSON.stringify(row), answer.bytes.toString(), media.logged()])
      expect(text).not.toContain(secret);
  });

  it('are asked for over the bus too, once for each request', async () => {
    const { pattern } = BusRequests.mediaCreate;
    const message = { requestId: randomUUID(), requestedBy: 'orchestrator', request: body() };
    const first = (await media.bus.request(pattern, message)) as MediaResult;
    expect(await media.bus.request(pattern, message)).toEqual(first);
    expect(await database.work().count(Media, { machineId: first.machineId })).toBe(1);
    const plain = {
      ...message,
      requestId: randomUUID(),
      request: body({ users: [{ name: 'ada', password: CANARY }] }),
    };
    await expect(media.bus.request(pattern, plain)).rejects.toMatchObject({
      code: 'request.invalid',
      issues: [expect.objectContaining({ path: 'request.users.0.password' })],
    });
    expect(media.logged()).not.toContain(CANARY);
  });

  it('have whole URLs over the bus, where there is no address that a path would be below', async () => {
    const { mediaCreate, mediaGet } = BusRequests;
    const message = { requestId: randomUUID(), request: body() };
    const made = (await media.bus.request(mediaCreate.pattern, message)) as MediaResult;
    expect(made.files.map(({ url }) => url)).toEqual([
      `https://media.example:8443/base/media/${made.id}/files/seed.iso`,
    ]);
    const asked = { requestId: randomUUID(), id: made.id };
    expect(await media.bus.request(mediaGet.pattern, asked)).toEqual(made);
    const { body: overHttp } = await media.request('GET', `/media/${made.id}`);
    const path = `/media/${made.id}/files/seed.iso`;
    expect(overHttp.files[0].url).toBe(path);
    // By the name in that URL, which is another than the one that the app listens under.
    const fetchAs = (host: string) =>
      send(media.app.url, path, { headers: { host, authorization: `Bearer ${MEDIA_TOKEN}` } });
    expect((await fetchAs('media.example:8443')).bytes).toHaveLength(made.files[0]?.size ?? 0);
    expect((await fetchAs('elsewhere.example:8443')).body).toMatchObject({ code: 'auth.host_refused' });
  });

  it('have files in folders too, where no image could be made of them', async () => {
    const made = (await media.request('POST', '/media', body())).body as MediaResult;
    const folder = join(media.baseDir, 'media', made.id, 'cidata/infinibay');
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, 'install.env'), 'SECRET=1\n');
    const work = database.work();
    const row = await work.findOneOrFail(Media, { id: made.id });
    row.files = [{ name: 'infinibay/install.env', kind: 'cidata', size: 9, sha256: '0'.repeat(64) }];
    await work.flush();
    const { body: result } = await media.request('GET', `/media/${made.id}`);
    const { bytes } = await media.request('GET', result.files[0].url);
    expect(bytes.toString()).toBe('SECRET=1\n');
    expect((await media.request('GET', `/media/${made.id}/files/infinibay%2F..%2Fx`)).status).toBe(404);
  });

  it('for Windows take a password that an orchestrator sealed to the public key, for that user on that machine', async () => {
    const { pattern } = BusRequests.mediaCreate;
    const publicKey = sealingPublicKey(SEALING_KEY);
    const windows = body({ os: { family: 'windows', version: '11', edition: 'Pro' }, source: 'installer' });
    const sealed = (vmId: string): object => ({
      requestId: randomUUID(),
      request: {
        ...windows,
        users: [
          { name: 'Ada', passwordSealed: sealPassword(publicKey, { vmId, user: 'Ada', password: CANARY }) },
        ],
      },
    });
    const made = (await media.bus.request(pattern, sealed(windows.vmId))) as MediaResult;
    const seed = join(media.baseDir, 'media', made.id, made.files[0]?.name ?? '');
    const answers = command('mtype', ['-i', seed, '::autounattend.xml']);
    expect(answers).toContain(Buffer.from(`${CANARY}Password`, 'utf16le').toString('base64'));
    await expect(media.bus.request(pattern, sealed(newId()))).rejects.toMatchObject({
      code: 'request.invalid',
      issues: [
        expect.objectContaining({
          path: 'request.users.0.passwordSealed',
          message: expect.stringContaining('does not open'),
        }),
      ],
    });
    expect(media.logged()).not.toContain(CANARY);
    const row = await database.work().findOneOrFail(Media, { id: made.id });
    expect(JSON.stringify(row)).not.toContain(CANARY);
  });

  it('of fifty requests at once are not mixed', async () => {
    const requests = Array.from({ length: 50 }, (_, index) => body({ hostname: `vm-${index}` }));
    const answers = await Promise.all(requests.map((request) => media.request('POST', '/media', request)));
    for (const [index, { status, body: result }] of answers.entries()) {
      expect(status).toBe(201);
      expect(result.machineId).toBe(requests[index]?.vmId);
      expect(readSeed(image(result), 'user-data')).toContain(`hostname: "vm-${index}"`);
      expect(readSeed(image(result), INSTALL_ENV)).toContain(`INFINIBAY_VM_ID='${requests[index]?.vmId}'`);
    }
  }, 60_000);

  it('are made once when four ask for one machine, and replaced when that is asked', async () => {
    const request = body({ firstBootScripts: [{ scriptId: scripts[0] }] });
    const four = await Promise.all([1, 2, 3, 4].map(() => media.request('POST', '/media', request)));
    expect(four.map(({ status }) => status).sort()).toEqual([201, 409, 409, 409]);
    const first = four.find(({ status }) => status === 201)?.body as MediaResult;
    expect(await database.work().count(Media, { machineId: request.vmId })).toBe(1);
    const second = await media.request('POST', '/media', { ...request, replace: true });
    expect(second.status).toBe(201);
    expect((await readExecution(database, first.executions[0]?.id ?? '')).status).toBe('CANCELLED');
    expect(onDisk()).not.toContain(first.id);
    expect(onDisk()).toContain(second.body.id);
    // Handed out, and not begun as far as anybody knows: it ends wherever it would wait again.
    const id = (second.body as MediaResult).executions[0]?.id ?? '';
    const out = { status: 'RUNNING', startedAt: new Date(), deliveryStartedAt: new Date() } as const;
    await database.work().nativeUpdate(ScriptExecution, { id }, out);
    expect((await media.request('POST', '/media', { ...request, replace: true })).status).toBe(201);
    expect((await readExecution(database, id)).cancelRequestedAt).not.toBeNull();
  });

  it('carry each a proof of its own, of which the database has the hash, and rows for its own installation', async () => {
    const request = body({ firstBootScripts: [{ scriptId: scripts[0] }, { scriptId: scripts[0] }] });
    const made = [await media.request('POST', '/media', request)];
    const proofOf = (result: MediaResult): string =>
      /^INFINIBAY_MEDIUM_PROOF='([0-9a-f]{64})'$/m.exec(readSeed(image(result), INSTALL_ENV))?.[1] ?? '';
    const proofs = [proofOf(made[0]!.body as MediaResult)];
    const [waits, runs] = (made[0]!.body as MediaResult).executions.map(({ id }) => id);
    await database.work().nativeUpdate(ScriptExecution, { id: runs! }, { status: 'RUNNING' });
    made.push(await media.request('POST', '/media', { ...request, replace: true }));
    proofs.push(proofOf(made[1]!.body as MediaResult));
    expect(new Set(proofs).size).toBe(2);
    for (const [index, { body: result }] of made.entries()) {
      const row = await database.work().findOneOrFail(Media, { id: String(result.id) });
      expect(row.proofSha256).toBe(createHash('sha256').update(proofs[index]!).digest('hex'));
      const rows = await database.work().find(ScriptExecution, { id: { $in: row.executionIds } });
      expect(rows.map(({ mediaId }) => mediaId)).toEqual([result.id, result.id]);
    }
    // What the replaced one has out there is asked to end too: its installation is replaced.
    expect((await readExecution(database, waits!)).status).toBe('CANCELLED');
    expect((await readExecution(database, runs!)).cancelRequestedAt).not.toBeNull();
    expect((made[1]!.body as MediaResult).plan.steps[0]?.do).toMatch(/^stop the machine/);
  });

  it('that are deleted are gone from disk, and their files with them', async () => {
    const { body: result } = await media.request('POST', '/media', body());
    expect((await media.request('DELETE', `/media/${result.id}`)).status).toBe(204);
    expect(onDisk()).not.toContain(result.id);
    expect((await media.request('GET', `/media/${result.id}`)).status).toBe(404);
    expect((await media.request('GET', `/media/${result.id}/files/seed.iso`)).status).toBe(404);
  });

  it('say what became of them: a file that is gone, a key that was used before', async () => {
    const request = body();
    const key = { 'idempotency-key': newId() };
    const { body: result } = await media.request('POST', '/media', request, key);
    expect((await media.request('POST', '/media', request, key)).body.id).toBe(result.id);
    expect(await media.request('POST', '/media', body(), key)).toMatchObject({
      status: 409,
      body: { code: 'media.request_reused' },
    });
    rmSync(image(result));
    expect(await media.request('GET', `/media/${result.id}/files/seed.iso`)).toMatchObject({
      status: 410,
      body: { code: 'media.file_gone' },
    });
    await media.request('DELETE', `/media/${result.id}`);
    expect((await media.request('POST', '/media', request, key)).status).toBe(409);
  });

  it('are made once for a request that comes again while it is carried out', async () => {
    const request = body();
    const key = { 'idempotency-key': newId() };
    const answers = await Promise.all(
      Array.from({ length: 5 }, () => media.request('POST', '/media', request, key)),
    );
    const made = answers.filter(({ status }) => status === 201);
    const waiting = answers.filter(({ status }) => status === 409);
    expect([new Set(made.map((answer) => answer.body.id)).size, waiting.length > 0]).toEqual([1, true]);
    for (const answer of waiting)
      expect([answer.body.code, answer.headers.get('retry-after')]).toEqual(['media.in_progress', '5']);
    expect((await media.request('POST', '/media', request, key)).body.id).toBe(made[0]?.body.id);
    expect(await database.work().count(Media, { machineId: request.vmId })).toBe(1);
    const other = await media.request('POST', '/media', { ...request, hostname: 'another' }, key);
    expect([other.status, other.body.code]).toEqual([409, 'media.request_reused']);
    // A dry run is another request, whatever its key.
    const dry = await media.request('POST', '/media?dryRun=true', request, key);
    expect([dry.status, dry.body.id === made[0]?.body.id]).toEqual([201, false]);
  });

  it('of a dry run leave nothing behind', async () => {
    const before = [onDisk().length, await database.work().count(Machine)];
    const { status, body: result } = await media.request('POST', '/media?dryRun=true', body());
    expect(status).toBe(201);
    expect(result.files[0]).toMatchObject({ name: 'seed.iso', size: expect.any(Number) });
    expect([onDisk().length, await database.work().count(Machine)]).toEqual(before);
  });

  describe('are refused before a byte is written', () => {
    it.each([
      ['request.invalid', { os: { family: 'ubuntu', version: '6.06' } }],
      ['request.invalid', { delivery: 'remaster' }],
      ['request.invalid', { disk: { match: { bus: 'virtio' } } }],
      ['media.artifact_missing', { os: { family: 'ubuntu', version: '24.04', architecture: 'aarch64' } }],
    ])('%s for %j', async (code, more) => {
      const before = onDisk().length;
      const request = body(more);
      const answer = await media.request('POST', '/media', request);
      expect(answer.body.code).toBe(code);
      expect(answer.status).toBeGreaterThanOrEqual(400);
      expect(answer.status).toBeLessThan(500);
      expect(onDisk().length).toBe(before);
      expect(await database.work().count(Machine, { id: request.vmId })).toBe(0);
    });

    it('with every fault at once, each with its path and a way out', async () => {
      const { status, body: answer } = await media.request('POST', '/media', {
        ...body(),
        hostname: 'No Such Name',
        locale: 'de_DE',
        timezone: 'Europe/Berlni',
        users: [
          { name: 'root', password: 'a\nb' },
          {
            name: 'ada',
            password: 'x',
            passwordHash: '$6$saltsalt$abcdefghabcdefghabcdefghabcdefghabcdefghabcdefgh',
          },
        ],
        network: [{ match: { mac: 'zz' }, addresses: ['1.2.3.4'] }],
        surprise: 1,
      });
      expect(status).toBe(400);
      const paths = answer.issues.map(({ path }: { path: string }) => path);
      for (const path of [
        'hostname',
        'locale',
        'timezone',
        'users.0.name',
        'users.0.password',
        'users.1.passwordHash',
        'network.0.match.mac',
        'network.0.addresses.0',
        'surprise',
      ])
        expect(paths).toContain(path);
      const zone = answer.issues.find(({ path }: { path: string }) => path === 'timezone');
      expect(zone.remedy).toContain('Europe/Berlin');
    });

    it('for scripts that do not exist or are for another system', async () => {
      const answer = await media.request(
        'POST',
        '/media',
        body({ firstBootScripts: [{ scriptId: newId() }, { scriptId: newId() }] }),
      );
      expect(answer.body.issues.map(({ path }: { path: string }) => path)).toEqual([
        'firstBootScripts.0.scriptId',
        'firstBootScripts.1.scriptId',
      ]);
    });

    it('without a token, and with another one', async () => {
      for (const authorization of ['', 'Bearer wrong', `Basic ${MEDIA_TOKEN}`])
        expect((await media.request('POST', '/media', body(), { authorization })).status).toBe(401);
    });
  });

  it('are refused while guests could not reach APP_HOST, or no agent is published', async () => {
    const other = await startMedia(given().url, { APP_HOST: 'localhost' });
    try {
      const answer = await other.request('POST', '/media', body());
      expect(answer).toMatchObject({ status: 400, body: { code: 'media.app_host_unreachable' } });
      expect(answer.body.message).toContain('APP_HOST');
    } finally {
      await other.stop();
    }
    await database.work().nativeUpdate(Artifact, {}, { current: false });
    try {
      const answer = await media.request('POST', '/media', body());
      expect(answer).toMatchObject({ status: 409, body: { code: 'media.artifact_missing' } });
      expect(answer.body.message).toContain('npm run build:agent');
    } finally {
      await database.work().nativeUpdate(Artifact, {}, { current: true });
    }
  });

  it('leave no file behind when their rows cannot be written', async () => {
    const before = onDisk().length;
    // The audit entry is the last row of the transaction.
    await database.work().execute('alter table audit_entry rename to audit_entry_away');
    try {
      const request = body({ firstBootScripts: [{ scriptId: scripts[0] }] });
      expect((await media.request('POST', '/media', request)).status).toBe(500);
      expect(onDisk().length).toBe(before);
      expect(await database.work().count(Machine, { id: request.vmId })).toBe(0);
      expect(await database.work().count(ScriptExecution, { machineId: request.vmId })).toBe(0);
    } finally {
      await database.work().execute('alter table audit_entry_away rename to audit_entry');
    }
  });
});
