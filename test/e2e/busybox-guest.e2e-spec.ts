import { randomUUID } from 'node:crypto';
import { rmSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import {
  AGENT,
  baseDir,
  channelSecret,
  mediumOf,
  type Operator,
  seedPath,
  socketPath,
  startStandalone,
} from '../support/apps/apps.js';
import type { Running } from '../support/processes/processes.js';
import { type BusyboxGuest, startBusyboxGuest } from '../support/qemu/busybox-guest.js';
import { waitFor } from '../support/wait.js';

describe('a real virtio port', () => {
  const vmId = randomUUID();
  const base = baseDir();
  let app: Running;
  let operator: Operator;
  let guest: BusyboxGuest;
  let firstBoot: string;

  beforeAll(async () => {
    ({ app, operator } = await startStandalone(base));
    const medium = await operator.medium(vmId, [
      await operator.script('first', 'echo "first boot of $INFINIBAY_VM_ID"; exit 7'),
    ]);
    firstBoot = medium.executions[0]?.id ?? '';
    guest = await startBusyboxGuest({
      agent: AGENT,
      vmId,
      secret: channelSecret(seedPath(medium)),
      medium: mediumOf(medium),
      socket: socketPath(medium),
    });
  }, 240_000);

  afterAll(async () => {
    await guest?.remove();
    await app?.stop();
    rmSync(base, { recursive: true, force: true });
  }, 60_000);

  it('carries a first-boot script, its output and its exit code', async () => {
    await expect(operator.finished(firstBoot)).resolves.toMatchObject({
      status: 'FAILED',
      failureReason: 'EXIT_CODE',
      exitCode: 7,
      stdout: `first boot of ${vmId}\n`,
    });
    expect(await operator.ready(vmId)).toMatchObject({ ok: true });
  }, 240_000);

  it('carries a script that is pushed without being asked for', async () => {
    const { id } = await operator.run(
      vmId,
      await operator.script('second', 'printf "out\\n"; printf "err\\n" >&2'),
    );
    await expect(operator.finished(id)).resolves.toMatchObject({
      status: 'SUCCESS',
      exitCode: 0,
      stdout: 'out\n',
      stderr: 'err\n',
    });
  }, 240_000);

  it('tells a script that was interrupted by a reset of the machine from one that failed', async () => {
    const { id } = await operator.run(vmId, await operator.script('long', 'echo begun; sleep 600'));
    await waitFor(
      async () =>
        (await operator.request<{ stdout: string }>('GET', `/executions/${id}`)).stdout.includes('begun'),
      { what: 'the script to run', deadlineMs: 180_000 },
    );
    await guest.reset();
    await expect(operator.finished(id)).resolves.toMatchObject({
      status: 'FAILED',
      failureReason: 'INTERRUPTED_BY_REBOOT',
    });
    const { id: next } = await operator.run(vmId, await operator.script('after', 'cat /proc/uptime'));
    await expect(operator.finished(next)).resolves.toMatchObject({ status: 'SUCCESS' });
  }, 400_000);

  it('restarts the machine for a script that asks for it, and runs it again in the next boot', async () => {
    const content = [
      'cat /proc/sys/kernel/random/boot_id >>/var/lib/infiniservice/boots',
      'if [ "$INFINIBAY_ATTEMPT" -lt 3 ]; then exit 194; fi',
      'sort -u /var/lib/infiniservice/boots | wc -l',
    ].join('\n');
    const { id } = await operator.run(vmId, await operator.script('restarts twice', content));
    const { id: later } = await operator.run(vmId, await operator.script('after that', 'true'));
    const ended = await operator.finished(id);
    expect(ended).toMatchObject({ status: 'SUCCESS', exitCode: 0, attempt: 3 });
    // Three runs in three boots.
    expect(String(ended['stdout']).trim()).toBe('3');
    const { startedAt } = await operator.finished(later);
    expect(Date.parse(String(startedAt))).toBeGreaterThanOrEqual(Date.parse(String(ended['completedAt'])));
  }, 400_000);
});
