import { readFileSync } from 'node:fs';
import { z } from 'zod';

/** All faults of a configuration, in words; `main` prints it and exits with 1. */
export class ConfigError extends Error {
  constructor(
    readonly app: string,
    readonly faults: string[],
  ) {
    super(
      `${app}: the configuration has ${faults.length === 1 ? 'a fault' : `${faults.length} faults`}:\n${faults.map((fault) => `  - ${fault}`).join('\n')}`,
    );
    this.name = 'ConfigError';
  }
}

const SECRET_NAME = /SECRET|TOKEN|PASSWORD|KEY$|_URL$/;

/**
 * Reads an app's configuration once. An empty value counts as unset (compose files produce them). `NAME_FILE`
 * names a file that holds NAME's value, for every NAME of the schema.
 * @throws ConfigError with every fault: variable, value (secrets masked), rule and way out
 */
export function loadConfig<S extends z.ZodObject>(
  app: string,
  schema: S,
  env: NodeJS.ProcessEnv,
): Readonly<z.output<S>> {
  const faults: string[] = [];
  const input: Record<string, string> = {};
  for (const name of Object.keys(schema.shape)) {
    const direct = env[name];
    const file = env[`${name}_FILE`];
    if (direct && file) faults.push(`${name} and ${name}_FILE are both set: keep one of them`);
    if (direct) input[name] = direct;
    else if (file && !(`${name}_FILE` in schema.shape)) {
      try {
        input[name] = readFileSync(file, 'utf8').trim();
      } catch (error) {
        faults.push(
          `${name}_FILE=${file}: cannot be read (${(error as NodeJS.ErrnoException).code ?? String(error)}): name a readable file or set ${name}`,
        );
      }
    }
  }
  const result = schema.safeParse(input);
  if (!result.success) {
    for (const issue of result.error.issues) {
      const name = String(issue.path[0] ?? 'configuration');
      const value = input[name];
      const shown = value === undefined ? 'is not set' : SECRET_NAME.test(name) ? '=•••' : `=${value}`;
      faults.push(`${name}${shown.startsWith('=') ? shown : ` ${shown}`}: ${issue.message}`);
    }
  }
  if (faults.length > 0 || !result.success) throw new ConfigError(app, faults);
  return Object.freeze(result.data);
}

/** A TCP port; 0 lets the system choose (tests). */
export const port = (fallback: number) =>
  z
    .string()
    .regex(/^\d+$/, 'must be a port number from 0 to 65535')
    .transform(Number)
    .refine((value) => value <= 65_535, 'must be a port number from 0 to 65535')
    .default(fallback);

const wholeNumber = (unit: string, max: number) =>
  z
    .string()
    .regex(/^\d+$/, `must be a whole number of ${unit}, from 1 to ${max}`)
    .transform(Number)
    .refine((value) => value >= 1 && value <= max, `must be a whole number of ${unit}, from 1 to ${max}`);

export const positiveInt = (fallback: number, unit: string, max = 86_400) =>
  wholeNumber(unit, max).default(fallback);

export const onOff = (fallback: 'on' | 'off') =>
  z
    .enum(['on', 'off'], { error: 'must be on or off' })
    .default(fallback)
    .transform((value) => value === 'on');

export const absoluteDir = (fallback: string) =>
  z
    .string()
    .regex(/^\//, 'must be an absolute path')
    .transform((path) => path.replace(/\/+$/, '') || '/')
    .default(fallback);

/** A host name or address to listen on or to be reached at. */
export const hostName = (fallback: string) =>
  z
    .string()
    .regex(
      /^(?:[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?|\[?[0-9A-Fa-f:]+\]?)$/,
      'must be a host name or an IP address',
    )
    .default(fallback);

export const logLevel = z
  .enum(['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'], {
    error: 'must be one of trace, debug, info, warn, error, fatal, silent',
  })
  .default('info');

/** What every app reads. */
export const commonFields = {
  INFINIBAY_BASE_DIR: absoluteDir('/opt/infinibay'),
  DATABASE_URL: z
    .string()
    .regex(
      /^(postgres(ql)?:\/\/.+|sqlite:.+)$/,
      'must be postgres://user:password@host:port/database or sqlite:<path>',
    )
    .optional(),
  /** Kept of the database's room for results and hellos. */
  DATABASE_RESERVE_MIB: positiveInt(64, 'MiB', 1_048_576),
  /** What PostgreSQL's volume has; unset: nobody looks. */
  DATABASE_SIZE_MIB: wholeNumber('MiB', 1_073_741_824).optional(),
  REDIS_URL: z
    .string()
    .regex(/^rediss?:\/\/.+/, 'must be redis://[user:password@]host:port or rediss://…')
    .optional(),
  LOG_LEVEL: logLevel,
  DATABASE_CONNECT_SECONDS: positiveInt(10, 'seconds', 3600),
  DATABASE_STATEMENT_SECONDS: positiveInt(30, 'seconds', 3600),
  BUS_ANSWER_SECONDS: positiveInt(5, 'seconds', 3600),
};

/** A secret of 16 characters or more. */
export const secret = (minimum = 16) =>
  z.string().min(minimum, `must have at least ${minimum} characters; make one with: openssl rand -hex 32`);

/** The key that seals passwords at rest: 32 bytes as 64 hexadecimal digits. */
export const secretsKey = z
  .string()
  .regex(/^[0-9a-f]{64}$/i, 'must be 64 hexadecimal digits; make one with: openssl rand -hex 32');

/**
 * The private half of the key to which passwords for the bus are sealed: 32 bytes of X25519 as 64 hexadecimal
 * digits.
 */
export const sealingKey = z
  .string()
  .regex(/^[0-9a-f]{64}$/i, 'must be 64 hexadecimal digits; make one with: openssl rand -hex 32');

/** The base of the media app's own routes, without a slash at its end. */
export const mediaUrl = z
  .url({ protocol: /^https?$/, error: 'must be an http(s) URL' })
  .transform((url) => url.replace(/\/+$/, ''))
  .default('http://127.0.0.1:4002');

/** The database of an app: what is set, or SQLite in the base directory. */
export function databaseUrl(config: {
  DATABASE_URL?: string | undefined;
  INFINIBAY_BASE_DIR: string;
}): string {
  return config.DATABASE_URL ?? `sqlite:${config.INFINIBAY_BASE_DIR}/infinibay.db`;
}

/** In bytes, as the database takes them. */
export function storageLimits(config: {
  DATABASE_RESERVE_MIB: number;
  DATABASE_SIZE_MIB?: number | undefined;
}): { reserveBytes: number; sizeBytes: number | null } {
  const { DATABASE_RESERVE_MIB: reserve, DATABASE_SIZE_MIB: size } = config;
  return { reserveBytes: reserve * 1_048_576, sizeBytes: size === undefined ? null : size * 1_048_576 };
}

/**
 * Which side of a machine's channel the gateway takes: it connects to QEMU's socket, or listens and QEMU
 * connects (`reconnect=1`).
 */
export const socketMode = z
  .enum(['connect', 'listen'], { error: 'must be connect or listen' })
  .default('connect');
