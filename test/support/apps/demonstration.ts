import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { freePort, type Running, start } from '../processes/processes.js';
import { waitFor } from '../wait.js';

const root = resolve(import.meta.dirname, '../../..');

export interface Demonstration {
  app: Running;
  /** `http://localhost:<port>` of the console. */
  consoleUrl: string;
  token: string;
  /** A text of a document with the places and ports of this demonstration instead of `npm start`'s own. */
  here: (text: string) => string;
}

/**
 * What `npm start` runs once everything is installed and built: the suite in one process with a machine that
 * is connected, on ports of its own.
 * @param base a folder in which the agent is published
 */
export async function startDemonstration(base: string): Promise<Demonstration> {
  const [port, consolePort] = [await freePort(), await freePort()];
  const { PATH = '', HOME = '' } = process.env;
  const app = start(process.execPath, [join(root, 'scripts/demo.mjs')], {
    cwd: root,
    env: {
      PATH: `${join(root, 'node_modules/.bin')}:${PATH}`,
      HOME,
      INFINIBAY_BASE_DIR: base,
      APP_HOST: '127.0.0.1',
      ALLOW_LOOPBACK_APP_HOST: 'on',
      PORT: String(port),
      CONSOLE_PORT: String(consolePort),
    },
  });
  let ended = false;
  void app.exited.then(() => (ended = true));
  await waitFor(() => ended || app.output().includes('It stays up'), {
    what: 'the demonstration',
    deadlineMs: 90_000,
  });
  if (ended) throw new Error(`the demonstration ended:\n${app.output().slice(-4000)}`);
  return {
    app,
    consoleUrl: `http://localhost:${consolePort}`,
    token: readFileSync(join(base, 'console.token'), 'utf8').trim(),
    here: (text) =>
      text
        .replaceAll('localhost:4001', `localhost:${consolePort}`)
        .replaceAll('localhost:4000', `localhost:${port}`)
        .replaceAll('.infinibay/', `${base}/`),
  };
}
