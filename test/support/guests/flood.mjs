/**
 * A guest that says the same without end, as a process of its own: `flood.mjs SOCKET FILE`. FILE has what is
 * written, again and again, as fast as it is read; each `#n#` in it becomes another number.
 */
import { readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';

const [socketPath, file] = process.argv.slice(2);
const parts = readFileSync(file, 'utf8').split('#n#');
let number = 0;
const next = () => parts.reduce((text, part) => `${text}${String((number += 1))}${part}`);

const server = createServer((socket) => {
  socket.on('error', () => undefined);
  // What the host answers is read and thrown away.
  socket.resume();
  const write = () => {
    while (!socket.destroyed) if (!socket.write(next())) return;
  };
  socket.on('drain', write);
  write();
});
server.maxConnections = 1;
server.listen(socketPath);
process.once('SIGTERM', () => {
  rmSync(socketPath, { force: true });
  process.exit(0);
});
