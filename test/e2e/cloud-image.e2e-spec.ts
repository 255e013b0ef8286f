import { randomUUID } from 'node:crypto';
import { rmSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { MediaResult } from '#protocol';
import { baseDir, type Operator, seedPath, startStandalone } from '../support/apps/apps.js';
import type { Running } from '../support/processes/processes.js';
import { startDebianGuest } from '../support/qemu/debian-guest.js';
import { readRows } from '../support/rows/sqlite-rows.js';
import { waitFor } from '../support/wait.js';

/** What the specification tells an operator to look at, asked through the channel itself. */
const LOOK = `systemctl status infiniservice --no-pager
grep INFINIBAY_VM_ID /etc/environment
cat /var/log/infiniservice_install.log
ls -l /var/log/infiniservice_install.log /etc/infiniservice/agent.env
ls /etc/infinibay/install.env
journalctl -u infiniservice --no-pager
hostname
getent passwd someone
systemctl show --property=Result,ActiveState infinibay-packages
cat /var/log/infinibay-packages.log
ls /var/lib/infinibay
`;

describe('a cloud image that boots from its seed', () => {
  const vmId = randomUUID();
  const base = baseDir();
  let app: Running;
  let operator: Operator;
  let medium: MediaResult;
  let guest: Awaited<ReturnType<typeof startDebianGuest>>;

  beforeAll(async () => {
    ({ app, operator } = await startStandalone(base));
    medium = await operator.medium(
      vmId,
      [
        await operator.script('succeeds', 'echo "welcome to $(hostname)"', 'BASH'),
        await operator.script('fails on purpose', 'echo "no such thing" >&2; exit 3'),
      ],
      // The image has it: nothing is fetched, and the step is run to its end.
      { packages: ['curl'] },
    );
    guest = await startDebianGuest(medium.plan, seedPath(medium));
  }, 400_000);

  afterAll(async () => {
    await guest?.remove();
    await app?.stop();
    rmSync(base, { recursive: true, force: true });
  }, 60_000);

  it('installs InfiniService, says hello with its VM id and ends its first-boot scripts', async () => {
    const [first, second] = medium.executions.map(({ id }) => id);
    await operator.ready(vmId, 300_000).catch((error: unknown) => {
      throw new Error(`${String(error)}\n${guest.console().slice(-6000)}`, { cause: error });
    });
    await expect(operator.finished(first ?? '')).resolves.toMatchObject({
      status: 'SUCCESS',
      exitCode: 0,
      stdout: `welcome to vm-${vmId.slice(0, 8)}\n`,
    });
    await expect(operator.finished(second ?? '')).resolves.toMatchObject({
      status: 'FAILED',
      failureReason: 'EXIT_CODE',
      exitCode: 3,
      stderr: 'no such thing\n',
    });
  }, 600_000);

  it('shows what the specification promises, inside the machine', async () => {
    const { id } = await operator.run(vmId, await operator.script('look', LOOK));
    const { stdout, stderr } = await operator.finished(id);
    expect(stdout).toMatch(/infiniservice\.service - .*\n\s+Loaded: loaded .*enabled/);
    expect(stdout).toMatch(/Active: active \(running\)/);
    expect(stdout).toContain(`INFINIBAY_VM_ID=${vmId}\n`);
    expect(stdout).toMatch(/installing InfiniService \d+\.\d+\.\d+/);
    expect(stdout).toMatch(/-rw-r-----.*infiniservice_install\.log/);
    expect(stdout).toMatch(/-rw-------.*agent\.env/);
    expect(stdout).toMatch(/infiniservice\[\d+\]: /);
    expect(stdout).toMatch(/someone:x:\d+:.*:\/bin\/bash/);
    expect(stderr).toMatch(/install\.env.*No such file/);
    // The packages had their step, and the scripts came after its end.
    expect(stdout).toMatch(/Result=success\nActiveState=inactive\n/);
    expect(stdout).toMatch(/^\S+Z installing 'curl'\n\S+Z done\n/m);
    expect(stdout).toContain(`packages-done.${medium.id}\n`);
    // The journal names the machine by its first eight characters only.
    const journal = String(stdout)
      .split('\n')
      .filter((line) => /infiniservice\[\d+\]: /.test(line));
    expect(journal.join('\n')).not.toContain(vmId);
  }, 240_000);

  it('keeps a script in a unit of its own: it outlives its agent, and nothing of it outlives a cancel', async () => {
    const content = [
      'cat /proc/self/cgroup',
      "trap '' TERM",
      '(setsid sleep 6001 &)',
      'nohup setsid sleep 6001 >/dev/null 2>&1 &',
      'systemctl --no-block restart infiniservice',
      'echo begun',
      'while :; do sleep 6001; done',
    ].join('\n');
    const { id } = await operator.run(vmId, await operator.script('escapes', content));
    const running = await waitFor(
      async () => {
        const row = await operator.request<{ stdout: string }>('GET', `/executions/${id}`);
        return row.stdout.includes('begun') ? row : null;
      },
      { what: 'the script to run', deadlineMs: 120_000 },
    );
    expect(running.stdout).toContain(`infiniservice-run-${id}-1.service`);
    await operator.request('POST', `/executions/${id}/cancel`);
    await expect(operator.finished(id)).resolves.toMatchObject({
      status: 'CANCELLED',
      survivors: 0,
      attempt: 1,
    });
    const look = 'pgrep -fc "^sleep 6001$"; systemctl show --property=NRestarts,ActiveState infiniservice';
    const { id: after } = await operator.run(vmId, await operator.script('look again', look));
    await expect(operator.finished(after)).resolves.toMatchObject({
      stdout: expect.stringMatching(/^0\n[^]*ActiveState=active/),
    });
  }, 240_000);

  it("answers the specification's query", () => {
    const rows = readRows(
      `${base}/infinibay.db`,
      `SELECT id, scriptId, machineId, status, scheduledFor, startedAt, completedAt, exitCode FROM ScriptExecution WHERE machineId = '${vmId}' ORDER BY scheduledFor;`,
    );
    // Both were due at once: SQL leaves open which of them stands first.
    expect(rows).toEqual(
      expect.arrayContaining([
        expect.objectContaining({
          id: medium.executions[0]?.id,
          machineId: vmId,
          status: 'SUCCESS',
          exitCode: 0,
        }),
        expect.objectContaining({
          id: medium.executions[1]?.id,
          machineId: vmId,
          status: 'FAILED',
          exitCode: 3,
        }),
      ]),
    );
  });
});
