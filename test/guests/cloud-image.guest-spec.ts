import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { MediaResult } from '#protocol';
import {
  baseDir,
  channelSecret,
  mediumSetting,
  type Operator,
  seedPath,
  startStandalone,
} from '../support/apps/apps.js';
import { standInIso, ubuntuServer } from '../support/media/vendor-isos.js';
import type { Running } from '../support/processes/processes.js';
import { type DebianDisk, debianDisk } from '../support/qemu/debian-guest.js';
import { Ext4Image } from '../support/qemu/ext4-image.js';
import type { Guest } from '../support/qemu/guest.js';
import { installerStandIn } from '../support/qemu/installer-stand-in.js';
import { AptMirror } from '../support/servers/apt-mirror.js';
import { EventServer } from '../support/servers/event-server.js';
import { waitFor } from '../support/wait.js';

const MAC = '52:54:00:0a:0b:0c';
const ADDRESS = '10.0.2.77/24';
const PACKAGE = 'infinibay-probe';
const BOOT = 900_000;
const STAMP = '/var/lib/infinibay/infiniservice-installed';
const SPOOL = '/var/lib/infiniservice/spool';

/** What a test asks its machine, as the agent's own script. */
const LOOK = `ip -o -4 address show scope global | sed 's/.*inet //; s/ .*//; s/^/address /'
ip -o link | sed -n 's,.*link/ether \\([0-9a-f:]*\\).*,mac \\1,p'
echo "instance $(cat /var/lib/cloud/data/instance-id)"
echo "instances $(ls /var/lib/cloud/instances | wc -l)"
echo "boot $(cat /proc/sys/kernel/random/boot_id)"
echo "vm $(sed -n 's/^INFINIBAY_VM_ID=//p' /etc/environment)"
echo "seed $(ls /dev/disk/by-label | tr '\\n' ' ')"
echo "settings $(ls /run/infinibay /etc/infinibay 2>/dev/null | grep -c install.env)"
`;

/**
 * One disk of a cloud image through its life: Debian with cloud-init stands for a vendor's image. Each start
 * is the media plan's own command line, under TCG.
 */
describe('a disk that was a cloud image', () => {
  const base = baseDir();
  const [first, second, third] = [randomUUID(), randomUUID(), randomUUID()];
  const media = new Map<string, MediaResult>();
  const mirror = new AptMirror(PACKAGE);
  const events = new EventServer();
  const isos = mkdtempSync(join(tmpdir(), 'infinibay-isos-'));
  let app: Running;
  let operator: Operator;
  let disk: DebianDisk;
  let guest: Guest;
  let url: string;

  const medium = (vmId: string): MediaResult => media.get(vmId) as MediaResult;
  const ask = async (vmId: string, content: string): Promise<string> => {
    const { id } = await operator.run(vmId, await operator.script(randomUUID(), content));
    const ended = await operator.finished(id, BOOT);
    expect(ended).toMatchObject({ status: 'SUCCESS' });
    return String(ended.stdout);
  };
  const look = async (vmId: string): Promise<Record<string, string>> =>
    Object.fromEntries(
      (await ask(vmId, LOOK)).split('\n').map((line) => {
        const [name = '', ...words] = line.split(' ');
        return [name, words.join(' ')];
      }),
    );
  const ready = (vmId: string): Promise<unknown> =>
    operator.ready(vmId, BOOT).catch((error: unknown) => {
      throw new Error(`${String(error)}\n${guest.console().slice(-8000)}`, { cause: error });
    });

  beforeAll(async () => {
    // The guest reaches this machine's loopback there.
    url = (await events.listen()).replace('127.0.0.1', '10.0.2.2');
    ({ app, operator } = await startStandalone(base, {
      INSTALL_EVENTS_URL: url,
      // Its media are read to the end.
      MEDIA_AFTER_HELLO_MINUTES: '600',
    }));
    disk = await debianDisk();
    media.set(
      first,
      await operator.medium(first, [await operator.script('uses the package', PACKAGE)], {
        firmware: 'bios',
        network: [{ match: { mac: MAC }, addresses: [ADDRESS], gateway: '10.0.2.2' }],
        packages: [PACKAGE, 'no-such-package'],
        mirror: await mirror.listen(),
      }),
    );
  }, 1_800_000);
  afterAll(async () => {
    mirror.release();
    await guest?.stop();
    await app?.stop();
    await Promise.all([events.close(), mirror.close()]);
    disk?.remove();
    for (const folder of [base, isos]) rmSync(folder, { recursive: true, force: true });
  }, 60_000);

  it(
    'has its address by the MAC of its card, and an agent before its packages',
    async () => {
      guest = await disk.boot(medium(first).plan, { seed: seedPath(medium(first)) });
      await ready(first);
      expect(await look(first)).toMatchObject({ address: ADDRESS, mac: MAC, vm: first });
    },
    BOOT,
  );

  it(
    'runs first-boot scripts once its packages are there, and tells which are missing',
    async () => {
      await waitFor(() => mirror.asked.some((path) => path.endsWith('.deb')), {
        what: 'the package to be fetched',
        deadlineMs: BOOT,
      });
      const id = medium(first).executions[0]?.id ?? '';
      expect(await operator.execution(id)).toMatchObject({ status: 'PENDING' });
      mirror.release();
      await expect(operator.finished(id, BOOT)).resolves.toMatchObject({
        status: 'SUCCESS',
        stdout: `${AptMirror.SAYS}\n`,
      });
      expect(events.phases()).toEqual(expect.arrayContaining(['first-boot', 'agent-installed', 'packages']));
      expect(JSON.stringify(events.bodies())).toContain('the package no-such-package is not installed');
    },
    2 * BOOT,
  );

  it(
    'lets its seed be taken out while it runs, and is the same machine after a restart without it',
    async () => {
      const before = await look(first);
      expect(before).toMatchObject({ settings: '0' });
      expect(before['seed']).toContain('CIDATA');
      for (const { qmp, waitFor: gone } of medium(first).plan.detach) {
        for (const { execute, arguments: words } of qmp) await guest.qmp.execute(execute, words);
        if (gone)
          await guest.qmp.event(
            ({ event, data }) => event === gone.event && holds(data, gone.data),
            `${gone.event} of the seed`,
            120_000,
          );
      }
      expect((await look(first))['seed']).not.toContain('CIDATA');
      await ask(first, 'systemd-run --on-active=2 systemctl reboot');
      await guest.qmp.event(({ event }) => event === 'RESET', 'a restart', BOOT);
      await waitFor(async () => (await look(first))['boot'] !== before['boot'], {
        what: 'the restarted system',
        deadlineMs: BOOT,
      }).catch((error: unknown) => {
        throw new Error(`${String(error)}\n${guest.console().slice(-8000)}`, { cause: error });
      });
      const { boot: _before, seed: _seed, ...same } = before;
      expect(await look(first)).toMatchObject(same);
    },
    3 * BOOT,
  );

  it(
    'gets nothing from a medium that installs, beside which it starts by mistake, and keeps what it has',
    async () => {
      // Its end is in the spool, and its agent cannot send it: the script outlives it.
      const kept = [
        'systemctl --no-block stop infiniservice.service',
        'while systemctl is-active --quiet infiniservice.service; do sleep 1; done',
        'systemd-run --on-active=3 systemctl poweroff',
        'echo kept',
      ].join('\n');
      const { id } = await operator.run(first, await operator.script('is not delivered', kept));
      expect(await guest.ended(BOOT)).toBe('guest-shutdown');

      const kernel = await installerStandIn();
      const vendorIso = await standInIso(
        join(isos, 'ubuntu.iso'),
        ubuntuServer('24.04.1', { guest: kernel }),
      );
      const chain = await operator.medium(third, [await operator.script('not for it', 'true')], {
        ...{ source: 'installer', delivery: 'chain', vendorIso, firmware: 'bios' },
      });
      media.set(third, chain);
      const path = chain.plan.devices.find(({ role }) => role === 'chain')?.path ?? '';
      guest = await disk.boot(chain.plan, { chain: path, vendorIso });
      await waitFor(() => /Cloud-init v\. \S+ finished/.test(guest.console()), {
        what: `the old system to be started:\n${guest.console().slice(-2000)}`,
        deadlineMs: BOOT,
      });
      await guest.qmp.execute('system_powerdown');
      expect(await guest.ended(BOOT)).toBe('guest-shutdown');

      const image = new Ext4Image(disk.raw());
      expect(image.read(STAMP)).toBe(`VM_ID=${first}\nMEDIUM_ID=${medium(first).id}\n`);
      expect(image.read('/etc/infiniservice/agent.env')).toContain(first);
      const left = image.list(`${SPOOL}/${id}.1`);
      expect(left).toContain('result.json');
      expect(left).not.toContain('acked');
      expect(await operator.execution(chain.executions[0]?.id ?? '')).toMatchObject({ status: 'PENDING' });
      for (const name of ['INFINISERVICE_SHARED_SECRET', 'INFINIBAY_REPORT_TOKEN'])
        expect(image.holders(mediumSetting(path, name))).toEqual([]);
    },
    3 * BOOT,
  );

  it(
    'is another machine with the seed of another one, which does not send what the old one has left',
    async () => {
      media.set(
        second,
        await operator.medium(second, [await operator.script('welcome', 'hostname')], { firmware: 'bios' }),
      );
      guest = await disk.boot(medium(second).plan, { seed: seedPath(medium(second)) });
      await ready(second);
      await expect(operator.finished(medium(second).executions[0]?.id ?? '', BOOT)).resolves.toMatchObject({
        status: 'SUCCESS',
        stdout: `vm-${second.slice(0, 8)}\n`,
      });
      expect(await look(second)).toMatchObject({ vm: second, settings: '0' });
      await ask(second, 'systemd-run --on-active=2 systemctl poweroff');
      expect(await guest.ended(BOOT)).toBe('guest-shutdown');
    },
    2 * BOOT,
  );

  it('holds no token anywhere, and the channel secret in the one file that owns it', async () => {
    const image = new Ext4Image(disk.raw());
    expect(image.read(STAMP)).toBe(`VM_ID=${second}\nMEDIUM_ID=${medium(second).id}\n`);
    expect(image.list('/var/lib/infiniservice')).toEqual(expect.arrayContaining(['spool', `spool.${first}`]));
    const found = (vmId: string, name: string): string[] =>
      image.holders(mediumSetting(seedPath(medium(vmId)), name)).sort();
    for (const vmId of [first, second]) expect(found(vmId, 'INFINIBAY_REPORT_TOKEN')).toEqual([]);
    // Blocks that no file owns are what an agent.env of before has left.
    const owners = ['/etc/infiniservice/agent.env', 'free'];
    const secret = channelSecret(seedPath(medium(second)));
    expect(image.holders(secret)).toContain('/etc/infiniservice/agent.env');
    expect(owners).toEqual(expect.arrayContaining(image.holders(secret)));
    expect(['free']).toEqual(expect.arrayContaining(found(first, 'INFINISERVICE_SHARED_SECRET')));
  }, 600_000);
});

const holds = (data: Record<string, unknown> | undefined, expected: object): boolean =>
  Object.entries(expected).every(([key, value]) => data?.[key] === value);
