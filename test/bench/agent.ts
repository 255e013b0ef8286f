import { randomUUID } from 'node:crypto';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  AGENT,
  baseDir,
  channelSecret,
  seedPath,
  socketPath,
  startStandalone,
} from '../support/apps/apps.js';
import { type Running, start } from '../support/processes/processes.js';
import type { Figure } from './figures.js';

/**
 * The agent's own size, and its memory idle and while a script prints 100 MB: it and its supervisor together,
 * beside `cat`.
 */
export async function benchAgent(): Promise<Figure[]> {
  const base = baseDir();
  const state = mkdtempSync(join(tmpdir(), 'infinibay-agent-'));
  const { app, operator } = await startStandalone(base);
  let agent: Running | undefined;
  try {
    const vmId = randomUUID();
    const medium = await operator.medium(vmId, []);
    mkdirSync(join(base, 'sockets'), { recursive: true });
    agent = start(AGENT, ['run'], {
      env: {
        PATH: process.env['PATH'] ?? '',
        INFINIBAY_VM_ID: vmId,
        INFINISERVICE_DEVICE: `unix:${socketPath(medium)}`,
        INFINISERVICE_STATE_DIR: state,
        INFINISERVICE_SHARED_SECRET: channelSecret(seedPath(medium)),
      },
    });
    await operator.ready(vmId);
    const idle = peakMemory([agent.child.pid ?? 0]);
    const { id } = await operator.run(
      vmId,
      await operator.script('flood', 'head -c 100000000 /dev/zero | tr "\\0" x'),
    );
    let peak = 0;
    for (;;) {
      peak = Math.max(peak, peakMemory(agentProcesses(agent.child.pid ?? 0)));
      const row = await operator.execution(id);
      if (row.completedAt) break;
    }
    const cat = start('cat', ['/dev/zero']);
    const beside = peakMemory([cat.child.pid ?? 0]);
    await cat.stop('SIGKILL');
    return [
      { what: 'agent, size', value: statSync(AGENT).size / 1e6, unit: 'MB', target: 3 },
      {
        what: 'agent, RSS idle',
        value: idle,
        unit: 'MB',
        target: 10,
        against: { what: 'cat', value: beside },
      },
      {
        what: 'agent and supervisor, peak RSS while a script prints 100 MB',
        value: peak,
        unit: 'MB',
        target: 20,
        against: { what: 'cat', value: beside },
      },
    ];
  } finally {
    await agent?.stop();
    await app.stop();
    rmSync(base, { recursive: true, force: true });
    rmSync(state, { recursive: true, force: true });
  }
}

/** The agent and what it started that is the agent's own program. */
function agentProcesses(pid: number): number[] {
  const found = [pid];
  for (const name of readdirSync('/proc').filter((entry) => /^\d+$/.test(entry))) {
    try {
      const parent = Number(/^PPid:\s+(\d+)/m.exec(readFileSync(`/proc/${name}/status`, 'utf8'))?.[1]);
      const isAgent = readFileSync(`/proc/${name}/cmdline`, 'utf8').includes('infiniservice');
      if (isAgent && (found.includes(parent) || Number(name) > pid)) found.push(Number(name));
    } catch {
      // It has ended meanwhile.
    }
  }
  return [...new Set(found)];
}

/** Sum of the highest resident sizes so far, in MB. */
function peakMemory(pids: number[]): number {
  let kilobytes = 0;
  for (const pid of pids) {
    try {
      kilobytes += Number(/^VmHWM:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0);
    } catch {
      // It has ended meanwhile.
    }
  }
  return kilobytes / 1000;
}
