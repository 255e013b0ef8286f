/** One fault in something that was handed in: where it is, what is wrong, and the way out. */
export interface Issue {
  /** Dotted path of the field, e.g. `users.0.name`; empty for the whole body. */
  path: string;
  message: string;
  remedy?: string;
}

/**
 * An error with a stable dotted code. `message` is shown to the caller: it names the field, file or app at fault
 * and what to do next, and carries no secret.
 */
export class AppError extends Error {
  readonly issues?: Issue[];

  constructor(
    readonly code: string,
    /** The HTTP status that says the same. */
    readonly status: number,
    message: string,
    options: { cause?: unknown; issues?: Issue[] } = {},
  ) {
    super(message, { cause: options.cause });
    this.name = 'AppError';
    this.issues = options.issues;
  }

  /** The shape that crosses HTTP and the bus. */
  toBody(correlationId: string): ErrorBody {
    return {
      code: this.code,
      message: this.message,
      correlationId,
      ...(this.issues ? { issues: this.issues } : {}),
    };
  }
}

export interface ErrorBody {
  code: string;
  message: string;
  correlationId: string;
  issues?: Issue[];
}

/** Faults in a request body, query or path: 400 with every fault listed. */
export function invalidRequest(issues: Issue[], code = 'request.invalid'): AppError {
  const list = issues.map((issue) => `${issue.path || 'body'}: ${issue.message}`).join('; ');
  return new AppError(code, 400, `the request is not valid: ${list}`, { issues });
}
