import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type Database, Machine, ScriptExecution } from '#db';
import { MediaRequest, type MediaResult } from '#protocol';
import { holds } from '../../../test/support/text/canary.js';
import { command } from '../../../test/support/processes/commands.js';
import { newId, onBothDatabases } from '../../../test/support/servers/databases.js';
import { publishArtifacts, startMedia, type TestMedia } from '../../../test/support/media/media.js';
import { script } from '../../../test/support/rows/rows.js';
import { anaconda, standInIso, ubuntuServer, windowsIso } from '../../../test/support/media/vendor-isos.js';
import { makeVirtioTree } from '../../../test/support/windows/virtio-win.js';
import { MediaBuilder } from '../media-builder.js';
import { Preconditions } from '../preconditions.js';

/** Long enough to be nobody's by chance, and good enough for a server's policy. */
const CANARY = 'Canary-Pass-3f9c71d2';

onBothDatabases('media of each family', (given) => {
  const folder = mkdtempSync(join(tmpdir(), 'infinibay-families-'));
  const iso = (name: string): string => join(folder, `${name}.iso`);
  const drivers = join(folder, 'virtio-win');
  let database: Database;
  let media: TestMedia;

  beforeAll(async () => {
    database = given().database;
    media = await startMedia(given().url, { SOURCE_DATE_EPOCH: '1700000000' });
    await publishArtifacts(database);
    await standInIso(iso('ubuntu'), ubuntuServer('24.04.1'));
    await standInIso(iso('fedora'), anaconda('dvd'));
    await standInIso(iso('live'), anaconda('live'));
    await standInIso(
      iso('rhel'),
      anaconda('dvd', {
        product: 'Red Hat Enterprise Linux',
        version: '9.4',
        label: 'RHEL-9-4-0-BaseOS-x86_64',
      }),
    );
    await windowsIso(iso('windows'));
    makeVirtioTree(drivers);
  }, 120_000);
  afterAll(async () => {
    await media.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  const LINUX = { users: [{ name: 'ada', password: CANARY }] };
  const windows = (): object => ({
    os: { family: 'windows', version: '11', edition: 'Pro' },
    users: [{ name: 'ada', password: CANARY }],
    vendorIso: iso('windows'),
    virtioDrivers: drivers,
  });
  const body = (more: object): { vmId: string } & Record<string, unknown> => ({
    vmId: newId(),
    hostname: 'vm-1',
    ...more,
  });
  const pathOf = (result: MediaResult, name: string): string => join(media.baseDir, 'media', result.id, name);
  const onDisk = (): string[] => readdirSync(join(media.baseDir, 'media'));

  const cases: [string, () => object, string[], string[]][] = [
    [
      'ubuntu by a seed',
      () => ({ os: { family: 'ubuntu', version: '24.04' }, ...LINUX }),
      ['seed.iso'],
      ['kernel'],
    ],
    [
      'ubuntu by a chain',
      () => ({
        os: { family: 'ubuntu', version: '24.04' },
        ...LINUX,
        vendorIso: iso('ubuntu'),
        delivery: 'chain',
      }),
      ['chain.iso'],
      [],
    ],
    [
      'ubuntu by its kernel',
      () => ({
        os: { family: 'ubuntu', version: '24.04' },
        ...LINUX,
        vendorIso: iso('ubuntu'),
        delivery: 'direct-kernel',
      }),
      ['seed.iso', 'kernel', 'initrd'],
      ['kernel'],
    ],
    [
      'ubuntu remastered',
      () => ({
        os: { family: 'ubuntu', version: '24.04' },
        ...LINUX,
        vendorIso: iso('ubuntu'),
        delivery: 'remaster',
      }),
      ['install.iso'],
      [],
    ],
    [
      'ubuntu as a cloud image',
      () => ({ os: { family: 'ubuntu', version: '24.04' }, ...LINUX, source: 'cloud-image' }),
      ['seed.iso'],
      [],
    ],
    [
      'fedora by a seed',
      () => ({ os: { family: 'fedora', version: '43' }, ...LINUX }),
      ['seed.iso'],
      ['kernel'],
    ],
    [
      'fedora by a chain, on BIOS',
      () => ({
        os: { family: 'fedora', version: '43' },
        ...LINUX,
        vendorIso: iso('fedora'),
        delivery: 'chain',
        firmware: 'bios',
      }),
      ['chain.iso'],
      [],
    ],
    [
      'rhel by its kernel',
      () => ({
        os: { family: 'rhel', version: '9' },
        ...LINUX,
        vendorIso: iso('rhel'),
        delivery: 'direct-kernel',
      }),
      ['seed.iso', 'kernel', 'initrd'],
      ['kernel'],
    ],
    [
      'alma as a cloud image',
      () => ({ os: { family: 'alma', version: '9' }, ...LINUX, source: 'cloud-image' }),
      ['seed.iso'],
      [],
    ],
    ['windows on UEFI', windows, ['seed.img'], []],
    [
      'windows on BIOS',
      () => ({
        ...windows(),
        os: { family: 'windows', version: '10', edition: 'Pro' },
        vendorIso: undefined,
        firmware: 'bios',
      }),
      ['seed.iso'],
      ['keys'],
    ],
  ];

  describe.each(cases)('%s', (_name, more, files, planned) => {
    it('come with their machine, their files and their plan, and with no secret but in them', async () => {
      const request = body(more());
      const { status, body: result, bytes } = await media.request('POST', '/media', request);
      expect({ status, issues: result.issues, code: result.code }).toEqual({ status: 201 });
      const made = result as MediaResult;
      expect(made.files.map(({ name }) => name)).toEqual(files);
      for (const { name, size, sha256 } of made.files) {
        const content = readFileSync(pathOf(made, name));
        expect(content.length).toBe(size);
        expect(command('sha256sum', [pathOf(made, name)]).slice(0, 64)).toBe(sha256);
      }
      for (const field of ['kernel', 'keys'] as const)
        expect(made.plan[field] !== null).toBe(planned.includes(field));
      const isWindows = (request['os'] as { family: string }).family === 'windows';
      expect(await database.work().findOneOrFail(Machine, { id: request.vmId })).toMatchObject({
        os: isWindows ? 'windows' : 'linux',
      });
      // The one place from which a password can be read back is Windows' own element.
      for (const { name } of made.files) {
        const image = readFileSync(pathOf(made, name));
        expect(isWindows).toBe(holds(image, CANARY));
        const without = image
          .toString('latin1')
          .replace(/<(Administrator)?Password>[^]*?<\/(Administrator)?Password>/g, '');
        expect(holds(Buffer.from(without, 'latin1'), CANARY)).toBe(false);
      }
      for (const text of [bytes.toString(), media.logged(), await everyRow()]) {
        expect(holds(Buffer.from(text), CANARY)).toBe(false);
      }
      const dry = await media.request('POST', '/media?dryRun=true', { ...request, vmId: newId() });
      const inDryRun = (dry.body as MediaResult).files;
      expect(inDryRun.filter(({ kind }) => kind !== 'contents').map(({ name }) => name)).toEqual(files);
      expect(inDryRun.some(({ kind }) => kind === 'contents')).toBe(true);
      expect(onDisk().filter((name) => name.startsWith('.'))).toEqual([]);
      await media.request('DELETE', `/media/${made.id}`);
    }, 60_000);
  });

  async function everyRow(): Promise<string> {
    const tables =
      given().kind === 'SQLite'
        ? await database
            .work()
            .execute<{ name: string }[]>(`select name from sqlite_master where type = 'table'`)
        : await database
            .work()
            .execute<{ name: string }[]>(
              `select tablename as name from pg_tables where schemaname = 'public'`,
            );
    const rows = await Promise.all(
      tables.map(({ name }) => database.work().execute(`select * from "${name}"`)),
    );
    return JSON.stringify(rows);
  }

  it('in two dry runs differ in what the requests differ in, and in nothing else', async () => {
    const dry = async (more: object): Promise<Map<string, string>> => {
      const request = {
        ...windows(),
        vmId: '7c0d6f0e-3f5e-4d0c-9d55-1b2f3a4b5c6d',
        hostname: 'vm-1',
        ...more,
      };
      const { body: result } = await media.request('POST', '/media?dryRun=true', request);
      const { files, plan } = result as MediaResult;
      return new Map([
        ...files.map(({ name, sha256 }): [string, string] => [name, sha256]),
        ['plan', JSON.stringify(plan)],
      ]);
    };
    const differing = (one: Map<string, string>, two: Map<string, string>): string[] =>
      [...one]
        .filter(([name, value]) => two.get(name) !== value)
        .map(([name]) => name)
        .sort();
    const first = await dry({});
    expect([...first.keys()]).toEqual(
      expect.arrayContaining(['seed.img', 'autounattend.xml', 'infinibay/disk.vbs']),
    );
    expect(differing(first, await dry({}))).toEqual([]);
    const other = await dry({ timezone: 'Europe/Berlin' });
    expect(differing(first, other)).toEqual(['autounattend.xml', 'seed.img']);
    const linux = {
      os: { family: 'ubuntu', version: '24.04' },
      virtioDrivers: undefined,
      vendorIso: undefined,
    };
    const one = await dry({ ...linux, users: [{ name: 'ada', password: CANARY }] });
    expect(differing(one, await dry({ ...linux, users: [{ name: 'ada', password: 'another' }] }))).toEqual(
      [],
    );
    expect(differing(one, await dry({ ...linux, users: [{ name: 'ada' }] }))).toContain('user-data');
  });

  it('are the same bytes for the same order', async () => {
    const preconditions = media.app.app.get(Preconditions, { strict: false });
    const builder = media.app.app.get(MediaBuilder, { strict: false });
    for (const [name, more] of cases.filter(([each]) => !each.includes('windows'))) {
      const parsed = MediaRequest.parse(body({ ...more(), users: [{ name: 'ada', sshKeys: [] }] }));
      const ingredients = await preconditions.check(parsed);
      const hashes = await Promise.all(
        ['one', 'two'].map(async (round) => {
          const into = mkdtempSync(join(folder, 'build-'));
          const order = {
            request: parsed,
            ingredients,
            mediaId: 'a-medium',
            proof: 'd'.repeat(64),
            folder: into,
            published: '/media/a',
          };
          const { files } = await builder.build(order);
          return `${round.length} ${files.map(({ sha256 }) => sha256).join(' ')}`;
        }),
      );
      expect([name, hashes[0]]).toEqual([name, hashes[1]]);
    }
  }, 60_000);

  describe('are refused with every fault at once, and nothing stays:', () => {
    const refused = async (more: object): Promise<{ path: string; message: string; remedy?: string }[]> => {
      const request = body(more);
      const { status, body: answer } = await media.request('POST', '/media', request);
      expect({ status, code: answer.code }).toEqual({ status: 400, code: 'request.invalid' });
      expect(onDisk()).toEqual([]);
      expect(await database.work().count(Machine, { id: request.vmId })).toBe(0);
      return answer.issues;
    };
    const paths = (issues: { path: string }[]): string[] =>
      [...new Set(issues.map(({ path }) => path))].sort();

    it('an ISO of another family, another edition, a script for another system, users without passwords', async () => {
      const scriptId = await script(database, 'echo', null, 'SH');
      const issues = await refused({
        ...windows(),
        os: { family: 'windows', version: '11', edition: 'Prof' },
        vendorIso: iso('fedora'),
        users: [{ name: 'ada' }],
        firstBootScripts: [{ scriptId }],
      });
      expect(paths(issues)).toEqual(
        expect.arrayContaining([
          'firstBootScripts.0.scriptId',
          'os.edition',
          'os.family',
          'users.0.password',
        ]),
      );
      expect(issues.find(({ path }) => path === 'os.edition')?.remedy).toContain('Pro');
    });

    it('an edition that the medium does not have', async () => {
      const issues = await refused({
        ...windows(),
        os: { family: 'windows', version: '11', edition: 'Education' },
      });
      expect(paths(issues)).toContain('os.edition');
    });

    it('a Live ISO', async () => {
      const issues = await refused({
        os: { family: 'fedora', version: '43' },
        ...LINUX,
        vendorIso: iso('live'),
        delivery: 'chain',
      });
      expect(issues.map(({ message }) => message).join()).toContain('Live ISO');
    });

    it('drivers that are web pages or incomplete, by their paths', async () => {
      const broken = join(folder, 'broken-drivers');
      makeVirtioTree(broken);
      writeFileSync(join(broken, 'viostor/w11/amd64/viostor.sys'), '<!DOCTYPE html><html>404</html>');
      rmSync(join(broken, 'vioserial/w11/amd64/vioser.cat'));
      const issues = await refused({
        ...windows(),
        virtioDrivers: broken,
        timezone: 'Antarctica/Troll',
        hostname: 'vm-1',
      });
      const text = issues.map(({ message }) => message).join('\n');
      expect(text).toContain('viostor.sys');
      expect(text).toMatch(/vioser\.cat is missing/i);
      rmSync(broken, { recursive: true });
    });

    it.each([
      ['empty', ''],
      ['a web page', '<!DOCTYPE html><html><body>404</body></html>'],
      ['cut short', null],
    ])('an ISO that is %s', async (_name, content) => {
      const path = join(folder, 'bad.iso');
      writeFileSync(path, content ?? readFileSync(iso('ubuntu')).subarray(0, 200_000));
      const issues = await refused({
        os: { family: 'ubuntu', version: '24.04' },
        ...LINUX,
        vendorIso: path,
        delivery: 'chain',
      });
      expect(issues.find(({ path: at }) => at === 'vendorIso')?.message).toContain(path);
    });

    it('what an installer needs and a cloud image has not', async () => {
      const issues = await refused({
        os: { family: 'alma', version: '9' },
        source: 'cloud-image',
        disk: { match: { bus: 'virtio' }, layout: 'lvm', wipe: true },
        delivery: 'chain',
      });
      expect(paths(issues)).toEqual(['delivery', 'disk.layout', 'disk.match', 'disk.wipe']);
    });

    it('versions that there are no media for, with the nearest', async () => {
      for (const os of [
        { family: 'ubuntu', version: '6.06' },
        { family: 'fedora', version: '12' },
        { family: 'rhel', version: '7' },
        { family: 'windows', version: '7' },
      ]) {
        const issues = await refused({ os, users: [{ name: 'ada', password: CANARY }] });
        expect(paths(issues)).toContain('os.version');
      }
    });
  });

  it('have first-boot scripts for their own system', async () => {
    const scriptId = await script(database, 'Get-Date', null, 'POWERSHELL');
    const { status, body: result } = await media.request(
      'POST',
      '/media',
      body({ ...windows(), firstBootScripts: [{ scriptId }] }),
    );
    expect(status).toBe(201);
    const row = await database
      .work()
      .findOneOrFail(ScriptExecution, { id: (result as MediaResult).executions[0]!.id });
    expect(row).toMatchObject({ executionType: 'FIRST_BOOT', status: 'PENDING' });
  });
});
