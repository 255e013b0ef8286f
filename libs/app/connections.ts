import type { IncomingMessage, Server } from 'node:http';

type Socket = IncomingMessage['socket'];

/** How long requests that are at work may take after a stop was asked for. */
const STOP_MS = 5000;

export interface ConnectionLimit {
  /** Open connections of one address. */
  perAddress: number;
  /** The variable that raises it. */
  variable: string;
}

/**
 * One address has so many connections open at a time; one more is told so and closed, whatever it wants. How
 * many requests they carry one after another is nobody's concern: a hypervisor's whole fleet stands behind
 * one address.
 */
export function limitConnections(server: Server, { perAddress, variable }: ConnectionLimit): void {
  const open = new Map<string, number>();
  server.prependListener('connection', (socket: Socket) => {
    const address = socket.remoteAddress ?? '';
    const count = (open.get(address) ?? 0) + 1;
    open.set(address, count);
    socket.once('close', () => {
      const left = (open.get(address) ?? 1) - 1;
      if (left > 0) open.set(address, left);
      else open.delete(address);
    });
    if (count > perAddress)
      turnAway(socket, `${perAddress} connections of one address are open already`, variable);
  });
}

function turnAway(socket: Socket, message: string, variable: string): void {
  const remedy = `close some of them, or raise ${variable}`;
  const body = JSON.stringify({ code: 'connections.too_many', message: `${message}: ${remedy}`, remedy });
  socket.on('error', () => undefined);
  socket.end(
    `HTTP/1.1 429 Too Many Requests\r\ncontent-type: application/json; charset=utf-8\r\nretry-after: 5\r\nconnection: close\r\ncontent-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
  );
  // It may never read, or never close.
  setTimeout(() => socket.destroy(), 1000).unref();
}

/** A request that never ends, half sent or half read, keeps no process from its end. */
export function closeSoon(server: Server): void {
  setTimeout(() => server.closeAllConnections(), STOP_MS).unref();
}
