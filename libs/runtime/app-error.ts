import type { Fault } from '#protocol';

/** What a catalogue of codes says of one. */
export interface CodeEntry {
  /** The HTTP status that says the same. */
  readonly status: number;
  /** One sentence for docs/errors.md. */
  readonly when: string;
  /** The way out, unless a throw knows a better one. */
  readonly remedy: string;
  /** Over HTTP the answer says so in `Retry-After`. */
  readonly retryAfterSeconds?: number;
  /** It ends an app while it starts, and is never an answer. */
  readonly atStart?: true;
}

/** The codes of one app or library; each has its own in `codes.ts`. */
export type Catalogue = Readonly<Record<string, CodeEntry>>;

interface ErrorOptions {
  cause?: unknown;
  issues?: Fault[];
  /** A better way out than the catalogue's. */
  remedy?: string;
}

/**
 * An error with a stable dotted code. `message` is shown to the caller: it names the field, file or app at
 * fault and carries no secret. What is thrown is made by the class of a catalogue (`MediaError`), which takes
 * its own codes only.
 */
export abstract class AppError extends Error {
  readonly issues?: Fault[];
  readonly status: number;
  readonly remedy: string;
  readonly retryAfterSeconds?: number;

  constructor(
    readonly code: string,
    entry: Pick<CodeEntry, 'status' | 'remedy' | 'retryAfterSeconds'>,
    message: string,
    options: ErrorOptions = {},
  ) {
    super(message, { cause: options.cause });
    this.name = 'AppError';
    this.status = entry.status;
    this.remedy = options.remedy ?? entry.remedy;
    this.issues = options.issues;
    this.retryAfterSeconds = entry.retryAfterSeconds;
  }

  /** The shape that crosses HTTP and the bus. */
  toBody(correlationId: string): ErrorBody {
    return {
      code: this.code,
      message: this.message,
      remedy: this.remedy,
      correlationId,
      ...(this.issues ? { issues: this.issues } : {}),
    };
  }
}

export interface ErrorBody {
  code: string;
  message: string;
  /** The way out. */
  remedy: string;
  /** The log has more under it. */
  correlationId: string;
  issues?: Fault[];
}

/**
 * The class of a catalogue's errors: `class MediaError extends errorsOf(MEDIA_CODES) {}`. Status and remedy
 * come from the catalogue; a code that is not in it does not compile.
 */
export function errorsOf<C extends Catalogue>(codes: C) {
  return class extends AppError {
    constructor(code: keyof C & string, message: string, options: ErrorOptions = {}) {
      super(code, codes[code] as CodeEntry, message, options);
    }
  };
}

/**
 * An error whose status was decided elsewhere: by another app, as the bus brought it, or by the HTTP server.
 */
export class RelayedError extends AppError {
  /** Under which the log of the other app has more; the HTTP server gives its own. */
  readonly correlationId?: string;

  constructor(body: Omit<ErrorBody, 'correlationId'> & { status: number; correlationId?: string }) {
    const { code, message, issues, correlationId } = body;
    super(code, body, message, issues ? { issues } : {});
    this.correlationId = correlationId;
  }
}
