import { randomUUID } from 'node:crypto';
import { type OnApplicationShutdown } from '@nestjs/common';
import type { ClientRedis, RedisOptions, ServerRedis } from '@nestjs/microservices';
import { Redis } from 'ioredis';
import { firstValueFrom, timeout, TimeoutError } from 'rxjs';
import type { z } from 'zod';
import { busTimeoutMs, faultsOf } from '#protocol';
import { RuntimeError } from '../codes.js';
import { type AppError, type ErrorBody, RelayedError } from '../app-error.js';
import { invalidRequest, toAppError } from '../errors.js';
import { type Logger, redactText } from '../logger.js';
import { InProcessClient, inProcessListeners, InProcessServer } from './in-process.js';
import { LastingRedisClient, LastingRedisServer } from './lasting-redis.js';
import { openForm } from './request-form.js';

/** A reply: the result, or an error in the shape of HTTP. */
type Reply = { ok: true; result: unknown } | Refusal;
type Refusal = { ok: false; error: ErrorBody & { status: number } };

/** How long Redis may be silent before a question counts as failed, in milliseconds. */
const ANSWER_MS = 5000;
/** Bytes and messages that may wait for a Redis that takes none; what is droppable goes first. */
const WAITING_BYTES = 16_777_216;
const WAITING_DROPPABLE_BYTES = 4_194_304;
const WAITING_MESSAGES = 20_000;
/** Before the first probe of a connection that is idle, in milliseconds. */
const KEEP_ALIVE_AFTER_MS = 10_000;

/** How many times, and how often, a lost Redis is tried again: for ever, every 500 ms. */
const RECONNECT = { retryAttempts: Number.MAX_SAFE_INTEGER, retryDelay: 500 };

/**
 * The doorbell between apps. With a Redis URL it is Nest's Redis transport (publish/subscribe: every listener
 * of a pattern gets every message), otherwise it lives in the process. A message may get lost: the database
 * is the fact.
 */
export class Bus implements OnApplicationShutdown {
  private readonly server: ServerRedis | InProcessServer;
  private readonly client: ClientRedis | InProcessClient;
  private readonly pingPattern = `bus.ping.${randomUUID()}`;
  private readonly pings = new Map<string, () => void>();
  private listening = false;
  private closed = false;
  /** Of the messages that Redis has not taken. */
  private waitingBytes = 0;
  private lost = 0;

  constructor(
    private readonly logger: Logger,
    private readonly redisUrl?: string,
    private readonly answerMs = ANSWER_MS,
  ) {
    if (redisUrl) {
      const options: RedisOptions['options'] = {
        ...redisOptions(redisUrl),
        ...RECONNECT,
        keepAlive: KEEP_ALIVE_AFTER_MS,
        connectTimeout: answerMs,
        commandTimeout: answerMs,
      };
      this.server = new LastingRedisServer({ ...options });
      // A command that waits for a lost Redis fails after one more try instead of piling up.
      this.client = new LastingRedisClient({ ...options, maxRetriesPerRequest: 1 });
    } else {
      this.server = new InProcessServer();
      this.client = new InProcessClient();
    }
    this.onEvent(this.pingPattern, null, (id) => this.pings.get(String(id))?.());
  }

  /**
   * Subscribes to an event; to be called before the app listens (in `onModuleInit`). Events that do not fit
   * the schema are logged and dropped.
   */
  onEvent<S extends z.ZodType>(
    pattern: string,
    schema: S | null,
    handler: (event: z.output<S>) => unknown,
  ): void {
    this.assertNotListening(pattern);
    this.server.addHandler(
      pattern,
      async (data: unknown) => {
        try {
          const event = schema ? schema.safeParse(data) : { success: true as const, data };
          if (!event.success)
            return this.logger.warn({ pattern }, 'bus: an event does not fit its schema and is dropped');
          await handler(event.data as z.output<S>);
        } catch (error) {
          this.logger.error({ pattern, err: error }, 'bus: an event handler failed');
        }
      },
      true,
    );
  }

  /**
   * Answers a request, in its plain or its signed form; to be called before the app listens. Every listener
   * answers: a handler must be safe to run twice.
   * @param whole tells the faults of what `schema` refuses, where `schema` leaves some to the handler
   */
  onRequest<S extends z.ZodType>(
    pattern: string,
    schema: S,
    handler: (request: z.output<S>) => unknown,
    whole: z.ZodType = schema,
  ): void {
    this.assertNotListening(pattern);
    this.server.addHandler(pattern, async (packet: unknown): Promise<Reply> => {
      const { data, issues } = openForm(packet);
      if (issues) return refusal(invalidRequest(issues), null);
      const request = schema.safeParse(data);
      if (!request.success) {
        const error = new RuntimeError('request.invalid', `${pattern}: the request is not valid`, {
          issues: faultsOf(whole.safeParse(data).error ?? request.error, data, whole),
        });
        return refusal(error, data);
      }
      try {
        return { ok: true, result: asJson((await handler(request.data)) ?? null) };
      } catch (thrown) {
        const error = toAppError(thrown);
        const reply = refusal(error, data);
        const { correlationId } = reply.error;
        if (error.status >= 500)
          this.logger.error({ pattern, correlationId, err: thrown }, redactText(error.message));
        return reply;
      }
    });
  }

  /**
   * Sends a request and waits for the first reply.
   * @throws AppError `<app>.unavailable` (503) at once when nobody listens to the pattern or the bus is away;
   * `bus.unsendable` (500) for what JSON cannot carry; `bus.timeout` (504) after `timeoutMs` (the pattern's
   * own, unless given); whatever error the other side replied
   */
  async request(pattern: string, data: unknown, options: { timeoutMs?: number } = {}): Promise<unknown> {
    // Nest refuses to send nothing; the schema on the other side says what is missing.
    const body = asJson(data ?? {});
    const unavailable = (why: string, cause?: unknown): AppError =>
      new RuntimeError(
        unavailableCode(pattern),
        `${why}: start the app that answers ${pattern}, or look at its log`,
        { cause },
      );
    let listeners: number;
    try {
      listeners = await within(this.answerMs, this.listeners(pattern));
    } catch (error) {
      throw new RuntimeError('bus.unavailable', 'the bus does not answer: see that Redis runs at REDIS_URL', {
        cause: error,
      });
    }
    if (listeners === 0) throw unavailable('nobody listens');
    let reply: Reply;
    try {
      const timeoutMs = options.timeoutMs ?? busTimeoutMs(pattern);
      reply = await firstValueFrom(this.client.send<Reply>(pattern, body).pipe(timeout(timeoutMs)));
    } catch (error) {
      if (error instanceof TimeoutError)
        throw new RuntimeError('bus.timeout', `${pattern} was not answered in time`, { cause: error });
      throw unavailable('the bus broke off', error);
    }
    if (reply.ok) return reply.result;
    throw new RelayedError(reply.error);
  }

  /**
   * Rings. Never throws: what matters is committed already, and whoever missed the ring finds the row on its
   * own. While Redis takes nothing, what may wait for it is bounded; `droppable` events, for which the
   * database has what matters, give way first.
   */
  emit(pattern: string, event: unknown, { droppable = false } = {}): void {
    if (this.closed) return;
    const lost = (error: unknown): void => this.tellLost(pattern, error);
    try {
      const body = asJson(event);
      if (!this.redisUrl) return void this.client.emit(pattern, body).subscribe({ error: lost });
      const bytes = Buffer.byteLength(JSON.stringify(body)) + pattern.length;
      if (this.isFull(droppable)) return lost(new Error('too much waits for Redis already'));
      this.waitingBytes += bytes;
      const taken = (): void => void (this.waitingBytes -= bytes);
      this.client.emit(pattern, body).subscribe({
        error: (error: unknown) => {
          taken();
          lost(error);
        },
        complete: taken,
      });
    } catch (error) {
      lost(error);
    }
  }

  /** Bytes that wait for Redis, in its client's queues and in the socket. */
  get backlog(): number {
    return Math.max(this.waitingBytes, this.unsent().bytes);
  }

  private isFull(droppable: boolean): boolean {
    const { bytes, messages } = this.unsent();
    const waiting = Math.max(this.waitingBytes, bytes);
    return waiting > (droppable ? WAITING_DROPPABLE_BYTES : WAITING_BYTES) || messages > WAITING_MESSAGES;
  }

  /** What the client holds: a command that met its deadline waits there still for Redis to take it. */
  private unsent(): { bytes: number; messages: number } {
    if (!this.redisUrl || !this.listening) return { bytes: 0, messages: 0 };
    try {
      const [publisher] = this.client.unwrap<[ClientQueues]>();
      return {
        bytes: publisher.stream?.writableLength ?? 0,
        messages: (publisher.commandQueue?.length ?? 0) + (publisher.offlineQueue?.length ?? 0),
      };
    } catch {
      // Not connected yet.
      return { bytes: 0, messages: 0 };
    }
  }

  /** One line a second at the most, whatever is lost. */
  private tellLost(pattern: string, error: unknown): void {
    this.lost += 1;
    if (this.lost > 1) return;
    setTimeout(() => {
      this.logger.warn({ pattern, events: this.lost, err: error }, 'bus: events were not delivered');
      this.lost = 0;
    }, 1000).unref();
  }

  /**
   * Subscribes everything that was registered. With Redis it waits until Redis answers: a transport that
   * first fails stays deaf.
   * @throws AppError `bus.refused` when Redis does not take what REDIS_URL has of user and password
   */
  async listen(): Promise<void> {
    if (this.listening) return;
    this.listening = true;
    if (this.redisUrl) await this.awaitRedis(this.redisUrl);
    await new Promise<void>((resolve, reject) => {
      const listening = this.server.listen((error?: unknown) => {
        if (error instanceof Error) reject(error);
        else resolve();
      });
      Promise.resolve(listening).catch(reject);
    });
    await this.client.connect();
  }

  /**
   * Proves the subscription, and opens the connections anew when it does not answer: behind a network that
   * has gone silent nothing else tells that they are dead.
   * @throws Error when it did not answer
   */
  async keepSubscription(): Promise<void> {
    try {
      await this.checkSubscription();
    } catch (error) {
      for (const one of [this.server, this.client])
        if (one instanceof LastingRedisServer || one instanceof LastingRedisClient) one.reconnect();
      throw error;
    }
  }

  /** Proves the subscription: a message to oneself must come back. */
  async checkSubscription(): Promise<void> {
    const id = randomUUID();
    let timer: NodeJS.Timeout | undefined;
    try {
      await new Promise<void>((resolve, reject) => {
        timer = setTimeout(
          () => reject(new Error('a message to ourselves did not come back within 2 s')),
          2000,
        );
        this.pings.set(id, resolve);
        this.emit(this.pingPattern, id);
      });
    } finally {
      clearTimeout(timer);
      this.pings.delete(id);
    }
  }

  async onApplicationShutdown(): Promise<void> {
    await this.close();
  }

  async close(): Promise<void> {
    if (this.closed) return;
    this.closed = true;
    await Promise.allSettled([Promise.resolve(this.server.close()), Promise.resolve(this.client.close())]);
  }

  private async listeners(pattern: string): Promise<number> {
    if (!this.redisUrl) return inProcessListeners(pattern);
    await this.client.connect();
    const [publisher] = this.client.unwrap<[Redis, Redis]>();
    const [, count] = (await publisher.pubsub('NUMSUB', pattern)) as [string, number];
    return Number(count);
  }

  private async awaitRedis(url: string): Promise<void> {
    let told = false;
    while (!this.closed) {
      const probe = new Redis({
        ...redisOptions(url),
        lazyConnect: true,
        retryStrategy: () => null,
        connectTimeout: 2000,
      });
      // That a password was refused is said here; connect() tells what came of it.
      let said: unknown;
      probe.on('error', (error) => (said ??= error));
      try {
        await probe.connect();
        await probe.ping();
        return;
      } catch (error) {
        const refused = refusalOfRedis(said) ?? refusalOfRedis(error);
        if (refused) throw refused;
        if (!told) this.logger.warn({ err: error }, 'waiting for Redis at REDIS_URL');
        told = true;
        await new Promise((resolve) => setTimeout(resolve, RECONNECT.retryDelay));
      } finally {
        probe.disconnect();
      }
    }
  }

  private assertNotListening(pattern: string): void {
    if (this.listening) throw new Error(`bus: ${pattern} is registered too late; register in onModuleInit`);
  }
}

/** The part of an ioredis client that tells what waits in it. */
interface ClientQueues {
  stream?: { writableLength: number };
  commandQueue?: { length: number };
  offlineQueue?: { length: number };
}

async function within<T>(ms: number, answer: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`no answer within ${ms} ms`)), ms);
  });
  try {
    return await Promise.race([answer, late]);
  } finally {
    clearTimeout(timer);
  }
}

/** The correlation id of a refusal is the request's own id, where it has one: the audit has it, too. */
function refusal(error: AppError, request: unknown): Refusal {
  const { requestId } = (request ?? {}) as { requestId?: unknown };
  const own = typeof requestId === 'string' && /^[\w.:-]{1,128}$/.test(requestId) ? requestId : null;
  return { ok: false, error: { ...error.toBody(own?.slice(0, 64) ?? randomUUID()), status: error.status } };
}

/** Whose patterns they are: `media.create` is the media app's, `script.schedule` the console's. */
function unavailableCode(pattern: string): 'media.unavailable' | 'script.unavailable' | 'bus.unavailable' {
  if (pattern.startsWith('media.')) return 'media.unavailable';
  return pattern.startsWith('script.') ? 'script.unavailable' : 'bus.unavailable';
}

/**
 * What arrives on the other side. Inside the transports a fault of this kind would reach nobody: the request
 * would just time out.
 * @throws AppError `bus.unsendable` (500)
 */
function asJson(value: unknown): unknown {
  let cause: unknown;
  try {
    const text = JSON.stringify(value) as string | undefined;
    if (text !== undefined) return JSON.parse(text);
  } catch (error) {
    cause = error;
  }
  throw new RuntimeError('bus.unsendable', 'a message for the bus cannot be written as JSON', { cause });
}

/**
 * Redis is there and does not let this app in, which waiting does not mend; null for any other fault. The
 * words are those of its errors: https://redis.io/docs/latest/develop/reference/protocol-spec/#simple-errors
 */
function refusalOfRedis(error: unknown): RuntimeError | null {
  const said = error instanceof Error ? error.message : '';
  if (!/^(WRONGPASS|NOAUTH|NOPERM|ERR (AUTH|invalid password))/.test(said)) return null;
  const what = said.startsWith('NOAUTH')
    ? 'Redis wants a password'
    : 'Redis refuses the user or the password';
  const message = `REDIS_URL: ${what}: correct redis://user:password@host:port (${said.slice(0, 200)})`;
  return new RuntimeError('bus.refused', message, { cause: error });
}

function redisOptions(url: string): {
  host: string;
  port: number;
  username?: string;
  password?: string;
  db?: number;
  tls?: object;
} {
  const { hostname, port, username, password, pathname, protocol } = new URL(url);
  return {
    host: hostname.replace(/^\[|\]$/g, ''),
    port: Number(port || 6379),
    ...(username ? { username: decodeURIComponent(username) } : {}),
    ...(password ? { password: decodeURIComponent(password) } : {}),
    ...(pathname.length > 1 ? { db: Number(pathname.slice(1)) } : {}),
    ...(protocol === 'rediss:' ? { tls: {} } : {}),
  };
}
