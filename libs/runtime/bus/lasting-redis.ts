import { ClientRedis, ServerRedis } from '@nestjs/microservices';
import type { Redis } from 'ioredis';

/** The part of an ioredis client that is touched here. */
interface CommandSender {
  sendCommand(command: { promise: Promise<unknown> }, ...rest: unknown[]): unknown;
}

/**
 * Nest's transport publishes without looking at the outcome, and a promise that fails unseen ends the
 * process. A lost message is nothing to die of: whoever waits for a command still gets its error.
 */
function outliveLostCommands<C>(client: C): C {
  const sender = client as CommandSender;
  const send = sender.sendCommand.bind(sender);
  sender.sendCommand = (command, ...rest) => {
    command.promise.catch(() => undefined);
    return send(command, ...rest);
  };
  return client;
}

/** Ends a connection that no answer comes from; the client makes another one by itself. */
function renew(client: Redis): void {
  if (client.status === 'ready' || client.status === 'connect') client.disconnect(true);
}

function letGo(client: Redis): void {
  // Of a client that has ended this would wait for a connection that is closed already.
  if (client.status !== 'end') client.disconnect();
}

/** Nest's Redis client that outlives its Redis. */
export class LastingRedisClient extends ClientRedis {
  private readonly made: Redis[] = [];

  override async createClient(): Promise<Redis> {
    const client = outliveLostCommands((await super.createClient()) as Redis);
    this.made.push(client);
    return client;
  }

  reconnect(): void {
    this.made.forEach(renew);
  }

  /** Also without a Redis to say goodbye to: a client that is left would look for it for ever. */
  override async close(): Promise<void> {
    await super.close().catch(() => this.made.forEach(letGo));
  }
}

/** Nest's Redis server that outlives its Redis. */
export class LastingRedisServer extends ServerRedis {
  private readonly made: Redis[] = [];

  override async createRedisClient(): Promise<Redis> {
    const client = outliveLostCommands((await super.createRedisClient()) as Redis);
    this.made.push(client);
    return client;
  }

  reconnect(): void {
    this.made.forEach(renew);
  }

  override async close(): Promise<void> {
    await super.close().catch(() => this.made.forEach(letGo));
  }
}
