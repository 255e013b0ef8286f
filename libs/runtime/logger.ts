import type { LoggerService } from '@nestjs/common';
import { type Logger, type LoggerOptions, pino } from 'pino';

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

/** Fields that are removed whatever they hold, wherever they are. */
const SECRET_FIELDS = new Set([
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
]);
const MACHINE_FIELDS = new Set(['machineId', 'vmId']);
/** What lies deeper is not logged: a line is no dump, and a cycle must end. */
const MAX_DEPTH = 6;

/**
 * A copy that may go to a log: no secrets, machine ids shortened. Other ids stay whole, so that they can be
 * searched for.
 */
function redactFields(fields: object, depth = 0): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(fields).map(([name, value]: [string, unknown]) => {
      if (SECRET_FIELDS.has(name)) return [name, '•••'];
      if (typeof value === 'string' && MACHINE_FIELDS.has(name)) return [name, shortId(value)];
      if (typeof value === 'string' && /id$/i.test(name)) return [name, value];
      return [name, redactValue(value, depth + 1)];
    }),
  );
}

function redactValue(value: unknown, depth: number): unknown {
  if (typeof value === 'string') return redactText(value);
  if (typeof value !== 'object' || value === null || value instanceof Date) return value;
  if (value instanceof Error) return describeError(value, depth);
  if (depth > MAX_DEPTH) return '…';
  if (Array.isArray(value)) return value.map((item) => redactValue(item, depth + 1));
  if (ArrayBuffer.isView(value)) return `${value.byteLength} bytes`;
  return redactFields(value, depth);
}

/** No other properties: a database puts the values of the failing row into them. */
function describeError(error: Error, depth: number): Record<string, unknown> {
  const { code } = error as NodeJS.ErrnoException;
  return {
    type: error.name,
    ...(typeof code === 'string' ? { code } : {}),
    // MikroORM's validation puts the whole entity below its message.
    message: redactText(error.message.replace(/\nentity: [^]*$/, '')),
    stack: framesOf(error),
    ...(error.cause === undefined || depth > MAX_DEPTH ? {} : { cause: redactValue(error.cause, depth + 1) }),
  };
}

function framesOf({ stack = '' }: Error): string {
  const frames = stack.split('\n').filter((line) => /^ +at /.test(line));
  return redactText(frames.join('\n'));
}

/**
 * Structured logs on standard output, one JSON object a line. Fields that carry secrets are removed whatever
 * they hold, machine ids are shortened, and of errors only type, code, message, stack and cause are kept.
 * What was handed in is not changed.
 */
export function createLogger(options: {
  level: string;
  app: string;
  stream?: NodeJS.WritableStream;
}): Logger {
  const settings = {
    level: options.level,
    base: { app: options.app },
    timestamp: pino.stdTimeFunctions.isoTime,
    formatters: { log: (fields: object) => redactFields(fields) },
    // Its own would add every property of an error again.
    serializers: { err: (error: unknown) => error },
    hooks: {
      logMethod(this: Logger, args: unknown[], method: (...args: never[]) => void): void {
        method.apply(this, args.map((arg) => (typeof arg === 'string' ? redactText(arg) : arg)) as never[]);
      },
    },
  } satisfies LoggerOptions;
  const logger: Logger = options.stream ? pino(settings, options.stream) : pino(settings);
  // pino runs formatters on a line's own fields only; children inherit this from their parent.
  type Child = (this: unknown, bindings: object, options?: object) => unknown;
  const { child: bare } = logger as unknown as { child: Child };
  const child: Child = function (bindings, options) {
    return bare.call(this, redactFields(bindings), options);
  };
  logger.child = child as unknown as typeof logger.child;
  return logger;
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
