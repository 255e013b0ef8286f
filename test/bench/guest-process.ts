/**
 * A guest that costs nothing, as a process of its own: `guest-process.ts SOCKET VM_ID`. It says hello,
 * answers each script at once with its start, a byte of output and its end, and prints `execution id,
 * CLOCK_MONOTONIC in nanoseconds` when it has written the output. Other bytes are echoed while it has not
 * been told to speak (VM_ID empty): the bare socket that figures are compared with.
 */
import { createServer, type Socket } from 'node:net';
import { randomUUID } from 'node:crypto';

const [socketPath = '', vmId = ''] = process.argv.slice(2);
const bootId = randomUUID();

createServer((socket) => (vmId ? speak(socket) : socket.pipe(socket))).listen(socketPath);

function speak(socket: Socket): void {
  const send = (message: object): boolean => socket.write(`${JSON.stringify(message)}\n`);
  send({
    type: 'handshake',
    timestamp: new Date().toISOString(),
    vm_id: vmId,
    version: '0.0.0',
    platform: 'linux',
    capabilities: ['scripts'],
    protocol: 2,
    session: randomUUID().replaceAll('-', ''),
    boot_id: bootId,
    spool_id: randomUUID().replaceAll('-', ''),
    runs: [],
  });
  let text = '';
  socket.on('data', (chunk) => {
    const lines = (text + chunk.toString()).split('\n');
    text = lines.pop() ?? '';
    for (const line of lines) {
      const outer = JSON.parse(line) as { type: string; payload?: string };
      const message = (outer.type === 'signed' ? JSON.parse(outer.payload ?? '{}') : outer) as {
        scripts?: { execution_id: string; attempt: number }[];
      };
      for (const { execution_id, attempt } of message.scripts ?? []) {
        const run = { execution_id, attempt, boot_id: bootId };
        send({ type: 'script_started', ...run, pid: 1, started_at: new Date().toISOString() });
        send({ type: 'script_output', execution_id, attempt, stream: 'stdout', offset: 0, data: 'x' });
        process.stdout.write(`${execution_id} ${process.hrtime.bigint()}\n`);
        send({
          type: 'script_completion',
          ...run,
          exit_code: 0,
          status: 'success',
          stdout: 'x',
          stderr: '',
          stdout_bytes: 1,
        });
      }
    }
  });
}
