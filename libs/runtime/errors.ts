import type { Fault } from '#protocol';
import { HttpException } from '@nestjs/common';

/**
 * An error with a stable dotted code. `message` is shown to the caller: it names the field, file or app at fault
 * and what to do next, and carries no secret.
 */
export class AppError extends Error {
  readonly issues?: Fault[];

  constructor(
    readonly code: string,
    /** The HTTP status that says the same. */
    readonly status: number,
    message: string,
    options: { cause?: unknown; issues?: Fault[] } = {},
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
  issues?: Fault[];
}

/** Faults in a request body, query or path: 400 with every fault listed. */
export function invalidRequest(issues: Fault[], code = 'request.invalid'): AppError {
  const list = issues.map((issue) => `${issue.path || 'body'}: ${issue.message}`).join('; ');
  return new AppError(code, 400, `the request is not valid: ${list}`, { issues });
}

/** Any error as an AppError. What is not ours says nothing of its inside to the caller. */
export function toAppError(thrown: unknown): AppError {
  if (thrown instanceof AppError) return thrown;
  if (thrown instanceof HttpException && thrown.getStatus() < 500)
    return new AppError(codeOf(thrown.getStatus()), thrown.getStatus(), thrown.message);
  const status = (thrown as { statusCode?: unknown } | null)?.statusCode;
  if (typeof status === 'number' && status >= 400 && status < 500) {
    return new AppError(codeOf(status), status, (thrown as Error).message);
  }
  return new AppError(
    'internal',
    500,
    'something failed inside; the log has the details under this correlationId',
    { cause: thrown },
  );
}

function codeOf(status: number): string {
  if (status === 404) return 'route.not_found';
  if (status === 413) return 'request.too_large';
  if (status === 415) return 'request.unsupported_media_type';
  return status < 500 ? 'request.invalid' : 'internal';
}
