import { randomUUID } from 'node:crypto';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import {
  AGENT,
  baseDir,
  mediumOf,
  type Operator,
  socketPath,
  startStandalone,
} from '../support/apps/apps.js';
import { command } from '../support/processes/commands.js';
import { type Running, start } from '../support/processes/processes.js';
import { waitFor } from '../support/wait.js';

const vmId = randomUUID();
const base = baseDir();
/** Stands for the root of the guest's disk. */
const root = mkdtempSync(join(tmpdir(), 'infinibay-guest-'));
const { PATH = '', HOME = '' } = process.env;
let app: Running;
let operator: Operator;
let agent: Running | null = null;

beforeAll(async () => {
  // No sweep helps: what goes out does so by what the agent says.
  ({ app, operator } = await startStandalone(base, { SWEEP_SECONDS: '300', LEASE_SECONDS: '600' }));
}, 120_000);
afterAll(async () => {
  await agent?.stop('SIGKILL');
  await app.stop('SIGKILL');
  rmSync(base, { recursive: true, force: true });
  rmSync(root, { recursive: true, force: true });
});

const install = (words: string[], env: Record<string, string> = {}): unknown =>
  command(AGENT, ['install', '--root', root, ...words], { env: { PATH, HOME, ...env } });
const startAgent = async (socket: string): Promise<Running> => {
  rmSync(socket, { force: true });
  const env = {
    PATH,
    HOME,
    INFINIBAY_VM_ID: vmId,
    INFINISERVICE_DEVICE: `unix:${socket}`,
    INFINISERVICE_STATE_DIR: join(root, 'var/lib/infiniservice'),
  };
  const started = start(AGENT, ['run'], { env });
  agent = started;
  await waitFor(() => existsSync(socket), { what: `the agent to listen (${started.output()})` });
  return started;
};

it('a first-boot script begins when the installation has ended, and nothing is restarted for it', async () => {
  const first = await operator.script('first', 'echo installed');
  const medium = await operator.medium(vmId, [first]);
  const [firstBoot] = medium.executions;
  const waits = (): Promise<unknown> =>
    waitFor(
      async () => {
        const path = `/executions/${firstBoot!.id}/explanation`;
        const { code } = await operator.request<{ code: string }>('GET', path);
        if (code !== 'waits_for_setup') throw new Error(code);
        return true;
      },
      { what: 'it to wait for the installation', deadlineMs: 60_000 },
    );
  const { id: mediumId, proof } = mediumOf(medium);
  install(['--vm-id', vmId], {
    INFINISERVICE_SETUP: 'running',
    INFINISERVICE_MEDIUM_ID: mediumId,
    INFINISERVICE_MEDIUM_PROOF: proof,
  });
  await startAgent(socketPath(medium));
  await waits();
  // Another agent of the same installation: only it can run what is wanted now.
  await agent?.stop('SIGKILL');
  const running = await startAgent(socketPath(medium));
  const { id } = await operator.run(vmId, await operator.script('wanted', 'echo wanted'));
  expect(await operator.finished(id)).toMatchObject({ status: 'SUCCESS', stdout: 'wanted\n' });
  await waits();
  expect((await operator.execution(firstBoot!.id)).status).toBe('PENDING');

  install(['--finished']);
  expect(await operator.finished(firstBoot!.id)).toMatchObject({ status: 'SUCCESS', stdout: 'installed\n' });
  expect(running.child.exitCode ?? running.child.signalCode).toBeNull();
  expect(agent).toBe(running);
}, 180_000);
