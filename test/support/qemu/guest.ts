import { type Running, start } from '../processes/processes.js';
import { waitFor } from '../wait.js';
import { Qmp } from './qmp.js';

export interface Guest {
  /** What it has printed on its serial console. */
  console(): string;
  /** QEMU's machine protocol, connected since the start. */
  readonly qmp: Qmp;
  /** Pulls the reset line, as a hypervisor's "reset" does. */
  reset(): Promise<void>;
  /** Stops its processors; the port stays as it is. */
  pause(): Promise<void>;
  resume(): Promise<void>;
  stop(): Promise<void>;
  /** Why it ended by itself, as QEMU's event SHUTDOWN says, e.g. `guest-shutdown`; QEMU is gone then. */
  ended(deadlineMs: number): Promise<string>;
}

/**
 * A real QEMU machine under TCG: /dev/kvm is not to be trusted on test machines. It ends with the test
 * process.
 * @param args what makes it this machine: kernel or disk, seed, channel, network
 * @param monitor path of a socket for QEMU's machine protocol
 */
export async function startGuest(monitor: string, args: string[]): Promise<Guest> {
  return startQemu(monitor, [
    ...['-nodefaults', '-display', 'none', '-serial', 'stdio'],
    ...['-qmp', `unix:${monitor},server=on,wait=off`],
    ...args,
  ]);
}

/** The same of a whole command line, which has a console and a monitor of its own. */
export async function startQemu(monitor: string, args: string[]): Promise<Guest> {
  const qemu = start('qemu-system-x86_64', ['-accel', 'tcg,thread=multi', ...args]);
  const qmp = await connected(qemu, monitor);
  return {
    console: () => qemu.output(),
    qmp,
    reset: () => qmp.execute('system_reset').then(() => undefined),
    pause: () => qmp.execute('stop').then(() => undefined),
    resume: () => qmp.execute('cont').then(() => undefined),
    stop: () => qemu.stop('SIGKILL').then(() => undefined),
    ended: async (deadlineMs) => {
      const ended = await qmp
        .event(({ event }) => event === 'SHUTDOWN', 'the guest to end', deadlineMs)
        .catch((error: unknown) => {
          throw new Error(`${String(error)}\n${qemu.output().slice(-4000)}`, { cause: error });
        });
      await qemu.exited;
      return String(ended.data?.['reason']);
    },
  };
}

async function connected(qemu: Running, monitor: string): Promise<Qmp> {
  try {
    return await waitFor(() => Qmp.connect(monitor), { what: 'QEMU to start', deadlineMs: 30_000 });
  } catch (error) {
    await qemu.stop('SIGKILL');
    throw new Error(`QEMU does not run: ${qemu.output()}`, { cause: error });
  }
}
