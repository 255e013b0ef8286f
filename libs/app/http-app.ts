import { randomUUID } from 'node:crypto';
import { type DynamicModule, type Type } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { Bus, hostInUrl, type Logger, NestLogger, RuntimeError, toAppError } from '#runtime';
import { HostError } from './codes.js';
import { closeSoon, type ConnectionLimit, limitConnections } from './connections.js';
import { AppErrorFilter, sendError } from './error-filter.js';
import { lookAtTokensFirst, mayBeParsed } from './early-access.js';
import { Routes } from './routes.js';
import { SchemaPipe } from './schema-pipe.js';
import { ThisApp } from './this-app.js';

/** Milliseconds in which a request arrives: a sender that stops half way holds no connection for good. */
const REQUEST_TIMEOUT_MS = 60_000;
/** In bytes: the longest script, of 256 KiB, even where JSON makes six characters of each of its bytes. */
const BODY_LIMIT = 1_572_864;

export interface HttpAppOptions {
  logger: Logger;
  host: string;
  port: number;
  /** The variable that sets the port, for the message when it is taken. */
  portVariable: string;
  /** Largest request body in bytes; default 1.5 MiB. */
  bodyLimit?: number;
  /** Milliseconds in which a request has to arrive, head and body; default 60 s. */
  requestTimeoutMs?: number;
  /** Of the port that guests reach; none: not limited. */
  connections?: ConnectionLimit;
  legacyErrorField?: boolean;
  /** The path of the document that lists the routes, for whoever asks for one that is not there. */
  routesAt?: string;
}

export interface RunningApp {
  app: NestFastifyApplication;
  /** e.g. `http://127.0.0.1:4001` */
  url: string;
  /** Stops taking work, lets running requests end, closes bus and database. */
  stop(): Promise<void>;
}

/**
 * A Nest application on Fastify with the one error filter, a correlation id per request (`x-correlation-id`
 * in and out), and its bus subscriptions live before the port opens. What changes the world outside begins
 * after that (`ThisApp.afterListening`).
 * @throws AppError `listen.failed` when the address cannot be had, naming the variable to change
 */
export async function startHttpApp(
  module: Type | DynamicModule,
  options: HttpAppOptions,
): Promise<RunningApp> {
  const { logger } = options;
  const requestTimeout = options.requestTimeoutMs ?? REQUEST_TIMEOUT_MS;
  const adapter = new FastifyAdapter({
    bodyLimit: options.bodyLimit ?? BODY_LIMIT,
    genReqId: (request: { headers: Record<string, unknown> }) => {
      const given = request.headers['x-correlation-id'];
      return typeof given === 'string' && /^[\w.-]{1,64}$/.test(given) ? given : randomUUID();
    },
    forceCloseConnections: 'idle',
    requestTimeout,
    // Of the two, Node takes the longer one for the whole request.
    http: { connectionsCheckingInterval: 1000, headersTimeout: requestTimeout },
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
  acceptEmptyJson(app, options.bodyLimit ?? BODY_LIMIT);
  lookAtTokensFirst(app);
  server.addHook('onRequest', async (request, reply) => {
    reply.header('x-correlation-id', request.id);
    reply.header('x-content-type-options', 'nosniff');
  });
  refuseUnknown(server, options);
  if (options.connections) limitConnections(server.server, options.connections);
  // A connection whose request ends during the stop would be kept open for the client's next one.
  let closing = false;
  server.addHook('preClose', (done) => {
    closing = true;
    closeSoon(server.server);
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
  app.useGlobalPipes(new SchemaPipe());
  app.useGlobalFilters(new AppErrorFilter(logger, options.legacyErrorField));
  try {
    await app.init();
    app.get(ThisApp, { strict: false }).app = app;
    await app.get(Bus, { strict: false }).listen();
    await app.listen(options.port, options.host);
    await app.get(ThisApp, { strict: false }).listens();
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

/**
 * Clients set the type of JSON on every request, also on those without a body: none is none, whatever its
 * type.
 */
function acceptEmptyJson(app: NestFastifyApplication, bodyLimit: number): void {
  const parse = app.getHttpAdapter().getInstance().getDefaultJsonParser('error', 'error');
  app.useBodyParser('application/json', { bodyLimit }, (request, body: Buffer, done) => {
    // Nothing is made of what a stranger sends.
    if (body.length === 0 || !mayBeParsed(request as FastifyRequest)) done(null, undefined);
    else return parse(request as FastifyRequest, body.toString('utf8'), done);
  });
}

/**
 * An unknown path is a 404 and an unknown method of a known one a 405 that names the others; OPTIONS is
 * answered with them.
 */
function refuseUnknown(
  server: FastifyInstance,
  { routesAt, legacyErrorField }: Pick<HttpAppOptions, 'routesAt' | 'legacyErrorField'>,
): void {
  const routes = new Routes(server);
  // After the body was read: an answer before its end would leave the connection half way through a request,
  // where it is neither idle nor done, and a stop would wait for it until its time-out.
  server.addHook('preHandler', async (request, reply) => {
    if (!request.is404) return;
    const path = request.url.split('?')[0] ?? '';
    const shown = `${request.method} ${path.slice(0, 200)}`;
    const allowed = routes.allowedFor(path);
    if (allowed.length === 0) {
      const remedy = routesAt ? `GET ${routesAt} lists what there is` : undefined;
      const tail = remedy ? `: ${remedy}` : '';
      return sendError(
        new RuntimeError('route.not_found', `there is no route ${shown}${tail}`, { remedy }),
        request,
        reply,
        legacyErrorField,
      );
    }
    reply.header('allow', allowed.join(', '));
    if (request.method === 'OPTIONS') return reply.status(204).send();
    const remedy = `this path takes ${allowed.join(', ')}`;
    return sendError(
      new RuntimeError('route.method_not_allowed', `there is no route ${shown}: ${remedy}`, { remedy }),
      request,
      reply,
      legacyErrorField,
    );
  });
}

/** Why an address could not be had, with the variable to change; any other error as it is. */
export function listenError(
  error: unknown,
  { host, port, portVariable }: Pick<HttpAppOptions, 'host' | 'port' | 'portVariable'>,
): unknown {
  const { code } = error as NodeJS.ErrnoException;
  if (code !== 'EADDRINUSE' && code !== 'EACCES' && code !== 'EADDRNOTAVAIL') return error;
  return new HostError(
    'listen.failed',
    `${portVariable}: cannot listen on ${host}:${port} (${code}): stop what holds it or set another ${portVariable}`,
    { cause: error },
  );
}
