import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Database, Machine } from '#db';
import { waitFor } from '../support/wait.js';

/** A process of simulated guests. */
export interface Swarm {
  /** When a run was begun, in nanoseconds of CLOCK_MONOTONIC. */
  startedAt(executionId: string): bigint | undefined;
  tell(command: string): void;
  acked(): Promise<number>;
  /** Milliseconds from each keep-alive to its answer, since it was last asked. */
  latencies(): Promise<number[]>;
  stop(): void;
}

export async function startSwarm(
  folder: string,
  vmIds: string[],
  options: { silent?: boolean; heartbeatMs?: number } = {},
): Promise<Swarm> {
  const child = spawn(
    process.execPath,
    [
      '--no-warnings',
      '--experimental-transform-types',
      join(import.meta.dirname, 'swarm-process.ts'),
      folder,
      options.silent ? 'silent' : 'speak',
      ...vmIds,
    ],
    {
      stdio: ['pipe', 'pipe', 'inherit'],
      env: {
        ...process.env,
        ...(options.heartbeatMs ? { SWARM_HEARTBEAT_MS: String(options.heartbeatMs) } : {}),
      },
    },
  );
  const started = new Map<string, bigint>();
  const answers = new Map<string, string>();
  let text = '';
  child.stdout.setEncoding('utf8');
  child.stdout.on('data', (chunk: string) => {
    const lines = (text + chunk).split('\n');
    text = lines.pop() ?? '';
    for (const line of lines) {
      const [word = '', first = '', second = ''] = line.split(' ');
      if (word === 'started') started.set(first, BigInt(second));
      else answers.set(word, first);
    }
  });
  const ask = async (word: string): Promise<string> => {
    answers.delete(word);
    child.stdin.write(`${word}\n`);
    return waitFor(() => answers.get(word), { what: word, everyMs: 1, deadlineMs: 60_000 });
  };
  await waitFor(() => answers.has('listening'), { what: 'the guests', deadlineMs: 60_000 });
  return {
    startedAt: (id) => started.get(id),
    tell: (command) => void child.stdin.write(`${command}\n`),
    acked: async () => Number(await ask('acked')),
    latencies: async () => JSON.parse(await ask('latency')) as number[],
    stop: () => void child.kill('SIGKILL'),
  };
}

/** Registered machines of a host. @returns their ids */
export async function manyMachines(database: Database, count: number, hostId: string): Promise<string[]> {
  const ids = Array.from({ length: count }, () => randomUUID());
  const now = new Date();
  for (let at = 0; at < count; at += 500) {
    await database.work().insertMany(
      Machine,
      ids.slice(at, at + 500).map((id) => ({
        id,
        name: id,
        hostId,
        os: 'linux',
        registered: true,
        channel: 'unknown',
        maxConcurrent: 1,
        epoch: 0,
        createdAt: now,
        updatedAt: now,
      })),
    );
  }
  return ids;
}

/** Waits until so many of a host's machines talk. */
export async function allReady(database: Database, count: number): Promise<void> {
  await waitFor(
    async () => {
      const [row] = await database
        .work()
        .execute<{ n: number | string }[]>(`select count(*) as n from machine where channel = 'ready'`);
      if (Number(row?.n) >= count) return true;
      throw new Error(`${String(row?.n)} of ${count} are ready`);
    },
    { what: 'all machines to be ready', deadlineMs: 180_000, everyMs: 200 },
  );
}

/** What a process has used so far. */
export function usage(pid: number): { cpuSeconds: number; rssMb: number } {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? [];
  // utime and stime, in ticks of 10 ms (proc(5)).
  const cpuSeconds = (Number(fields[11]) + Number(fields[12])) / 100;
  const rss = /VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
  return { cpuSeconds, rssMb: Number(rss) / 1024 };
}
