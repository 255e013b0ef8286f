import { randomUUID } from 'node:crypto';
import { type DynamicModule, type Type } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { AppError, Bus, hostInUrl, type Logger, NestLogger, toAppError } from '#runtime';
import { AppErrorFilter, sendError } from './error-filter.js';

export interface HttpAppOptions {
  logger: Logger;
  host: string;
  port: number;
  /** The variable that sets the port, for the message when it is taken. */
  portVariable: string;
  /** Largest request body in bytes; default 1.5 MiB (a script of 1 MiB plus its JSON escapes). */
  bodyLimit?: number;
  legacyErrorField?: boolean;
}

export interface RunningApp {
  app: NestFastifyApplication;
  /** e.g. `http://127.0.0.1:4001` */
  url: string;
  /** Stops taking work, lets running requests end, closes bus and database. */
  stop(): Promise<void>;
}

/**
 * A Nest application on Fastify with the one error filter, a correlation id per request (`x-correlation-id` in and out),
 * and its bus subscriptions live before the port opens.
 * @throws AppError `listen.failed` when the address cannot be had, naming the variable to change
 */
export async function startHttpApp(
  module: Type | DynamicModule,
  options: HttpAppOptions,
): Promise<RunningApp> {
  const { logger } = options;
  const adapter = new FastifyAdapter({
    bodyLimit: options.bodyLimit ?? 1_572_864,
    genReqId: (request: { headers: Record<string, unknown> }) => {
      const given = request.headers['x-correlation-id'];
      return typeof given === 'string' && /^[\w.-]{1,64}$/.test(given) ? given : randomUUID();
    },
    forceCloseConnections: 'idle',
    frameworkErrors: (error: Error, request: FastifyRequest, reply: FastifyReply) => {
      // A path that cannot be decoded reaches no route, hook or filter of ours.
      reply.header('x-correlation-id', request.id);
      void sendError(toAppError(error), request, reply, options.legacyErrorField);
    },
    return503OnClosing: true,
  });
  const app = await NestFactory.create<NestFastifyApplication>(module, adapter, {
    logger: new NestLogger(logger),
    abortOnError: false,
  });
  const server = adapter.getInstance();
  server.addHook('onRequest', async (request, reply) => {
    reply.header('x-correlation-id', request.id);
    reply.header('x-content-type-options', 'nosniff');
  });
  // A connection whose request ends during the stop would be kept open for the client's next one.
  let closing = false;
  server.addHook('preClose', (done) => {
    closing = true;
    done();
  });
  server.addHook('onResponse', (_request, _reply, done) => {
    if (closing) setImmediate(() => server.server.closeIdleConnections());
    done();
  });
  server.addHook('onResponse', async (request, reply) => {
    const path = request.url.split('?')[0];
    const level = path === '/healthz' || path === '/readyz' || path === '/metrics' ? 'trace' : 'debug';
    logger[level](
      {
        method: request.method,
        path: path?.slice(0, 200),
        status: reply.statusCode,
        ms: Math.round(reply.elapsedTime),
        correlationId: request.id,
      },
      'request',
    );
  });
  app.useGlobalFilters(new AppErrorFilter(logger, options.legacyErrorField));
  try {
    await app.init();
    await app.get(Bus, { strict: false }).listen();
    await app.listen(options.port, options.host);
  } catch (error) {
    await app.close().catch(() => undefined);
    throw listenError(error, options);
  }
  const address = app.getHttpServer().address() as { port: number };
  let stopping: Promise<void> | undefined;
  return {
    app,
    url: `http://${hostInUrl(options.host)}:${address.port}`,
    stop: () => (stopping ??= app.close()),
  };
}

/** Why an address could not be had, with the variable to change; any other error as it is. */
export function listenError(
  error: unknown,
  { host, port, portVariable }: Pick<HttpAppOptions, 'host' | 'port' | 'portVariable'>,
): unknown {
  const { code } = error as NodeJS.ErrnoException;
  if (code !== 'EADDRINUSE' && code !== 'EACCES' && code !== 'EADDRNOTAVAIL') return error;
  return new AppError(
    'listen.failed',
    500,
    `${portVariable}: cannot listen on ${host}:${port} (${code}): stop what holds it or set another ${portVariable}`,
    { cause: error },
  );
}
