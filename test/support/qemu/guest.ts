import { createConnection } from 'node:net';
import { type Running, start } from '../processes/processes.js';
import { waitFor } from '../wait.js';

export interface Guest {
  /** What it has printed on its serial console. */
  console(): string;
  /** Pulls the reset line, as a hypervisor's "reset" does. */
  reset(): Promise<void>;
  /** Stops its processors; the port stays as it is. */
  pause(): Promise<void>;
  resume(): Promise<void>;
  stop(): Promise<void>;
}

/**
 * A real QEMU machine under TCG: /dev/kvm is not to be trusted on test machines. It ends with the test
 * process.
 * @param args what makes it this machine: kernel or disk, seed, channel, network
 * @param monitor path of a socket for QEMU's machine protocol
 */
export async function startGuest(monitor: string, args: string[]): Promise<Guest> {
  const qemu = start('qemu-system-x86_64', [
    ...['-accel', 'tcg,thread=multi', '-nodefaults', '-display', 'none', '-serial', 'stdio'],
    ...['-qmp', `unix:${monitor},server=on,wait=off`],
    ...args,
  ]);
  await waitFor(() => qmp(monitor, 'query-status'), {
    what: `QEMU to start (${qemu.output().slice(-500)})`,
    deadlineMs: 30_000,
  }).catch((error: unknown) => {
    throw new Error(`QEMU does not run: ${qemu.output()}`, { cause: error });
  });
  return {
    console: () => qemu.output(),
    reset: () => qmp(monitor, 'system_reset').then(() => undefined),
    pause: () => qmp(monitor, 'stop').then(() => undefined),
    resume: () => qmp(monitor, 'cont').then(() => undefined),
    stop: () => stopped(qemu),
  };
}

async function stopped(qemu: Running): Promise<void> {
  await qemu.stop('SIGKILL');
}

/** One command of QEMU's machine protocol. */
function qmp(path: string, execute: string): Promise<object> {
  return new Promise((resolve, reject) => {
    const socket = createConnection(path);
    let text = '';
    socket.once('error', reject);
    socket.on('data', (chunk) => {
      text += chunk.toString();
      const lines = text.split('\n');
      text = lines.pop() ?? '';
      for (const line of lines) {
        const answer = JSON.parse(line) as { QMP?: object; return?: object; error?: object; id?: string };
        if (answer.QMP) {
          socket.write('{"execute":"qmp_capabilities"}\n');
          socket.write(`${JSON.stringify({ execute, id: 'asked' })}\n`);
        }
        if (answer.error) reject(new Error(`QEMU: ${JSON.stringify(answer.error)}`));
        if (answer.id === 'asked') {
          socket.destroy();
          resolve(answer.return ?? {});
        }
      }
    });
  });
}
