import { randomUUID } from 'node:crypto';
import { rmSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import {
  AGENT,
  baseDir,
  channelSecret,
  type Operator,
  seedPath,
  socketPath,
  startStandalone,
} from '../support/apps/apps.js';
import type { Running } from '../support/processes/processes.js';
import { type BusyboxGuest, startBusyboxGuest } from '../support/qemu/busybox-guest.js';
import { waitFor } from '../support/wait.js';

/**
 * How a virtio port of QEMU behaves, and what the gateway and the agent make of it; docs/operations.md says
 * it in words.
 */
describe('on a real virtio port', () => {
  const vmId = randomUUID();
  const base = baseDir();
  let app: Running | null = null;
  let operator: Operator;
  let guest: BusyboxGuest;
  let socket: string;
  const clients: Socket[] = [];

  const startSuite = async (): Promise<void> => {
    ({ app, operator } = await startStandalone(base, { LEASE_SECONDS: '2', SWEEP_SECONDS: '1' }));
  };
  const killSuite = async (): Promise<void> => {
    await app?.stop('SIGKILL');
    app = null;
  };
  /** Another program of the host that opens the machine's socket. */
  const client = async (): Promise<{ socket: Socket; heard: () => string }> => {
    const opened = connect({ path: socket });
    clients.push(opened);
    let heard = '';
    opened.on('data', (chunk: Buffer) => (heard += chunk.toString()));
    opened.on('error', () => undefined);
    await new Promise<void>((resolve, reject) => {
      opened.once('connect', resolve);
      opened.once('error', reject);
    });
    return { socket: opened, heard: () => heard };
  };
  const stdoutOf = async (name: string, content: string): Promise<string> => {
    const { id } = await operator.run(vmId, await operator.script(name, content));
    return String((await operator.finished(id)).stdout);
  };
  const channel = async (): Promise<string> =>
    (await operator.request<{ channel: string }>('GET', `/machines/${vmId}`)).channel;
  const toBe = (state: string): Promise<boolean> =>
    waitFor(
      async () => {
        const seen = await channel();
        if (seen === state) return true;
        throw new Error(seen);
      },
      { what: `the channel to be ${state}`, deadlineMs: 90_000 },
    );
  const running = (id: string): Promise<boolean> =>
    waitFor(async () => (await operator.execution(id)).stdout?.includes('begun'), {
      what: 'the script to run',
      deadlineMs: 120_000,
    });

  beforeAll(async () => {
    await startSuite();
    const medium = await operator.medium(vmId, []);
    socket = socketPath(medium);
    const secret = channelSecret(seedPath(medium));
    await killSuite();
    guest = await startBusyboxGuest({ agent: AGENT, vmId, secret, socket });
    // Before the agent has the port open: it will find this when it opens it.
    const stale = await client();
    const script = {
      execution_id: 'stale',
      script_id: 's',
      script_name: 's',
      script_content: 'touch /tmp/stale',
    };
    const line = { type: 'pending_scripts_response', timestamp: '', scripts: [{ ...script, shell: 'SH' }] };
    await new Promise((resolve) => stale.socket.write(`${JSON.stringify(line)}\n{"type":"half`, resolve));
    stale.socket.destroy();
    await startSuite();
    await operator.ready(vmId);
  }, 240_000);

  afterEach(() => clients.splice(0).forEach((opened) => opened.destroy()));
  afterAll(async () => {
    await guest?.remove();
    await app?.stop();
    rmSync(base, { recursive: true, force: true });
  }, 60_000);

  it('what was written before the agent opened it is stale and runs nothing', async () => {
    expect(
      await stdoutOf('look', 'ls /tmp/stale 2>/dev/null; ls /var/lib/infiniservice/spool | grep -c stale'),
    ).toBe('0\n');
  }, 240_000);

  it('a second client connects, hears nothing, and what it says is believed by nobody', async () => {
    const second = await client();
    second.socket.write(`{"type":"signed","v":1,"ts":0,"nonce":"n","payload":"{}","sig":"00"}\n`);
    expect(await stdoutOf('while another is there', 'echo heard')).toBe('heard\n');
    expect(second.heard()).toBe('');
    expect(await channel()).toBe('ready');
  }, 240_000);

  it('has one opener in the guest: the doctor says who holds it', async () => {
    const said = await stdoutOf(
      'doctor',
      'cat /dev/virtio-ports/org.infinibay.agent 2>&1 || cat /dev/vport*p1 2>&1; infiniservice doctor; pidof infiniservice',
    );
    expect(said).toMatch(/busy/i);
    const [, holder] = /pid (\d+)/.exec(said) ?? [];
    expect(said.trim().split('\n').at(-1)?.split(' ')).toContain(holder);
  }, 240_000);

  it('stays open in the agent while hosts come and go, and costs nothing while none is there', async () => {
    const ticks = `pid=$(pidof infiniservice | tr ' ' '\\n' | sort -n | head -1); awk '{ print $14 + $15 }' /proc/$pid/stat`;
    const before = Number(await stdoutOf('ticks', ticks));
    const { id } = await operator.run(
      vmId,
      await operator.script('over a gap', 'echo begun; sleep 12; echo ended; echo gap-over >/dev/ttyS0'),
    );
    await running(id);
    await killSuite();
    // The script ends, and its result waits in the guest while nobody listens.
    await waitFor(() => guest.console().includes('gap-over'), {
      what: 'the script to end',
      deadlineMs: 60_000,
    });
    await startSuite();
    await expect(operator.finished(id)).resolves.toMatchObject({
      status: 'SUCCESS',
      stdout: 'begun\nended\n',
      attempt: 1,
    });
    const spent = Number(await stdoutOf('ticks', ticks)) - before;
    // Hundredths of a second (USER_HZ); a loop that spins takes 1,300 of them in the gap.
    expect(spent).toBeLessThan(400);
  }, 300_000);

  it('that is held by another program is shown as occupied, and taken when it is free', async () => {
    await killSuite();
    const first = await client();
    await startSuite();
    await toBe('occupied');
    first.socket.destroy();
    await toBe('ready');
    expect(await stdoutOf('after that', 'echo free')).toBe('free\n');
  }, 240_000);

  it('of a paused machine is silent and not dead', async () => {
    const { id } = await operator.run(
      vmId,
      await operator.script('paused', 'echo begun; sleep 2; echo ended'),
    );
    await running(id);
    await guest.pause();
    const { id: waiting } = await operator.run(vmId, await operator.script('next', 'echo next'));
    const reported = async (): Promise<number> => {
      const { items } = await operator.request<{ items: { lastSeenAt: string }[] }>('GET', '/hosts');
      return Math.max(...items.map(({ lastSeenAt }) => Date.parse(lastSeenAt)));
    };
    const before = await reported();
    await waitFor(async () => (await reported()) - before > 5000, {
      what: 'sweeps over more than two leases',
      deadlineMs: 60_000,
    });
    expect(await operator.execution(id)).toMatchObject({ status: 'RUNNING', attempt: 1 });
    expect(await operator.execution(waiting)).toMatchObject({ status: 'PENDING' });
    await guest.resume();
    await expect(operator.finished(id)).resolves.toMatchObject({
      status: 'SUCCESS',
      stdout: 'begun\nended\n',
    });
    await expect(operator.finished(waiting)).resolves.toMatchObject({ stdout: 'next\n' });
  }, 300_000);

  it('that was reset in the middle of a line glues nothing to the first line of the new boot', async () => {
    const { id } = await operator.run(
      vmId,
      await operator.script(
        'prints without end',
        'echo begun; while :; do echo "0123456789 0123456789 0123456789"; done',
      ),
    );
    await running(id);
    await guest.reset();
    await expect(operator.finished(id)).resolves.toMatchObject({
      status: 'FAILED',
      failureReason: 'INTERRUPTED_BY_REBOOT',
    });
    expect(await stdoutOf('in the new boot', 'echo new')).toBe('new\n');
  }, 300_000);

  it('is refused, not missing, when its QEMU was killed, and comes back with it', async () => {
    await guest.stop();
    await toBe('refused');
    const { id } = await operator.run(vmId, await operator.script('for the new boot', 'echo back'));
    await guest.powerCut();
    await expect(operator.finished(id)).resolves.toMatchObject({ stdout: 'back\n' });
  }, 300_000);
});
