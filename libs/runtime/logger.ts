import type { LoggerService } from '@nestjs/common';
import { pino, type Logger } from 'pino';

export type { Logger } from 'pino';

const UUID = /\b([0-9a-f]{8})-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b/gi;

/** A VM id is semi-sensitive: logs carry its first 8 characters. */
export function shortId(id: string): string {
  return id.slice(0, 8);
}

/** Shortens every UUID in a text that goes to a log. */
export function redactText(text: string): string {
  return text.replace(UUID, '$1…');
}

/**
 * Structured logs on standard output, one JSON object a line. Fields that carry secrets are removed whatever they hold,
 * and machine ids are shortened.
 */
export function createLogger(options: {
  level: string;
  app: string;
  stream?: NodeJS.WritableStream;
}): Logger {
  const secretNames = [
    'password',
    'passwordHash',
    'token',
    'secret',
    'authorization',
    'inputs',
    'inputValues',
    'stdout',
    'stderr',
    'content',
    'payload',
  ];
  const settings = {
    level: options.level,
    base: { app: options.app },
    timestamp: pino.stdTimeFunctions.isoTime,
    redact: { paths: secretNames.flatMap((name) => [name, `*.${name}`, `*.*.${name}`]), censor: '•••' },
    formatters: {
      log: (fields: Record<string, unknown>) => {
        for (const name of ['machineId', 'vmId']) {
          const id = fields[name];
          if (typeof id === 'string') fields[name] = shortId(id);
        }
        return fields;
      },
    },
  };
  return options.stream ? pino(settings, options.stream) : pino(settings);
}

/** Nest's own log lines in the same form. */
export class NestLogger implements LoggerService {
  constructor(private readonly logger: Logger) {}

  log(message: unknown, ...rest: unknown[]): void {
    this.logger.debug({ context: rest.at(-1) }, redactText(String(message)));
  }
  warn(message: unknown, ...rest: unknown[]): void {
    this.logger.warn({ context: rest.at(-1) }, redactText(String(message)));
  }
  error(message: unknown, ...rest: unknown[]): void {
    const text = message instanceof Error ? message.message : String(message);
    this.logger.error({ context: rest.at(-1) }, redactText(text));
  }
  debug(message: unknown): void {
    this.logger.trace(redactText(String(message)));
  }
  verbose(message: unknown): void {
    this.logger.trace(redactText(String(message)));
  }
}
