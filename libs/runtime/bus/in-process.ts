import {
  ClientProxy,
  Server,
  type ReadPacket,
  type WritePacket,
  BaseRpcContext,
} from '@nestjs/microservices';

/** The servers of this process, in the order in which they began to listen. */
const servers = new Set<InProcessServer>();

/**
 * Nest transport without a broker, for one process: same patterns and semantics as Redis' publish/subscribe,
 * so each server that listens to a pattern gets every message. Messages pass as JSON text, as they would over
 * a wire.
 */
export class InProcessServer extends Server {
  listen(callback: () => void): void {
    servers.add(this);
    callback();
  }

  close(): void {
    servers.delete(this);
  }

  on(): void {
    throw new Error('the in-process bus has no connection events');
  }

  unwrap<T>(): T {
    return servers as T;
  }

  has(pattern: string): boolean {
    return this.messageHandlers.has(pattern);
  }

  /** Hands one message in; answers, if any, go to `respond`, and so does what goes wrong. */
  take(pattern: string, text: string, respond?: (packet: WritePacket) => void): void {
    this.accept(pattern, text, respond).catch((error: unknown) => {
      if (respond) respond({ err: error, isDisposed: true });
      else this.logger.error(error);
    });
  }

  private async accept(
    pattern: string,
    text: string,
    respond?: (packet: WritePacket) => void,
  ): Promise<void> {
    const handler = this.messageHandlers.get(pattern);
    if (!handler) return;
    const data: unknown = JSON.parse(text);
    const context = new BaseRpcContext([pattern]);
    if (!respond || handler.isEventHandler) {
      await handler(data, context);
      return;
    }
    this.send(this.transformToObservable(await handler(data, context)), respond);
  }
}

/** How many servers of this process listen to a pattern. */
export function inProcessListeners(pattern: string): number {
  return [...servers].filter((server) => server.has(pattern)).length;
}

export class InProcessClient extends ClientProxy {
  connect(): Promise<void> {
    return Promise.resolve();
  }

  close(): void {
    this.routingMap.clear();
  }

  unwrap<T>(): T {
    return servers as T;
  }

  protected publish(packet: ReadPacket, callback: (packet: WritePacket) => void): () => void {
    const text = JSON.stringify(packet.data);
    let open = true;
    for (const server of servers) {
      if (!server.has(String(packet.pattern))) continue;
      // After this turn: whoever sends must have left its own transaction, as with a broker.
      setImmediate(() => {
        server.take(String(packet.pattern), text, (answer) => {
          if (open) callback(JSON.parse(JSON.stringify(answer)) as WritePacket);
        });
      });
    }
    return () => {
      open = false;
    };
  }

  protected dispatchEvent<T>(packet: ReadPacket): Promise<T> {
    const text = JSON.stringify(packet.data);
    for (const server of servers) setImmediate(() => server.take(String(packet.pattern), text));
    return Promise.resolve(undefined as T);
  }
}
