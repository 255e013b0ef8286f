import { once } from 'node:events';
import { createServer } from 'node:http';
import { Metrics } from '#runtime';
import { listenError, type RunningApp } from './http-app.js';

const LOOPBACK = '127.0.0.1';

/**
 * `/metrics` of an app whose own port is open to guests: on a port of its own, on loopback only, and nothing
 * else there. Stopping the result stops both.
 * @throws AppError `listen.failed` when the port is taken; the app is stopped then
 */
export async function withMetricsPage(
  running: RunningApp,
  options: { port: number; portVariable: string },
): Promise<RunningApp & { metricsUrl: string }> {
  const { registry } = running.app.get(Metrics, { strict: false });
  const server = createServer((request, response) => {
    request.resume();
    if (request.url?.split('?')[0] !== '/metrics' || !['GET', 'HEAD'].includes(request.method ?? '')) {
      response.writeHead(404).end();
      return;
    }
    registry.metrics().then(
      (page) => response.writeHead(200, { 'content-type': registry.contentType }).end(page),
      () => response.writeHead(500).end(),
    );
  });
  try {
    server.listen(options.port, LOOPBACK);
    await once(server, 'listening');
  } catch (error) {
    await running.stop();
    throw listenError(error, { host: LOOPBACK, ...options });
  }
  const { port } = server.address() as { port: number };
  return {
    ...running,
    metricsUrl: `http://${LOOPBACK}:${port}/metrics`,
    stop: async () => {
      server.close();
      server.closeAllConnections();
      await running.stop();
    },
  };
}
