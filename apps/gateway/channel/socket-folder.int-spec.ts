import { chmodSync, chownSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from '@jest/globals';
import { newId } from '../../../test/support/servers/databases.js';
import { connectFailure, openSocket } from './connection.js';
import { SocketFolder } from './socket-folder.js';

describe("the sockets' folder", () => {
  const base = mkdtempSync(join(tmpdir(), 'infinibay-sockets-'));
  afterAll(() => rmSync(base, { recursive: true, force: true }));

  it('may lie deeper than a socket address is long', async () => {
    const deep = join(base, 'a'.repeat(100), 'b'.repeat(100), 'sockets');
    const folder = new SocketFolder(deep);
    const id = newId();
    const server = createServer((socket) => socket.on('error', () => undefined).resume());
    // The same way in for whoever listens there.
    await new Promise<void>((resolve) => server.listen(folder.address(id), resolve));
    try {
      expect(folder.list()).toEqual([id]);
      const socket = await openSocket(folder.address(id));
      socket.destroy();
    } finally {
      server.close();
      folder.close();
    }
  });

  it.each([0o770, 0o757, 0o751])('of mode %o is refused: whoever can write there is any machine', (mode) => {
    const path = join(base, `mode-${mode}`);
    mkdirSync(path);
    chmodSync(path, mode);
    expect(() => new SocketFolder(path)).toThrow(/chmod 750/);
  });

  // Only root can give a folder away.
  (process.getuid?.() === 0 ? it : it.skip)('of another user is refused, whatever its mode', () => {
    const path = join(base, 'owner');
    mkdirSync(path, { mode: 0o750 });
    chownSync(path, 65_534, 65_534);
    expect(() => new SocketFolder(path)).toThrow(
      expect.objectContaining({
        code: 'gateway.sockets_exposed',
        message: expect.stringContaining('uid 65534'),
      }),
    );
  });

  it('tells a socket that is missing from one at which nobody listens', async () => {
    const folder = new SocketFolder(join(base, 'states'));
    const failure = (id: string): Promise<string> =>
      openSocket(folder.address(id)).then(
        () => 'open',
        (error: unknown) => connectFailure(error),
      );
    expect(await failure(newId())).toBe('missing');
    folder.close();
  });
});
