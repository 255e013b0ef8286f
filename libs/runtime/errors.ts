import { HttpException } from '@nestjs/common';
import type { Fault } from '#protocol';
import { AppError, RelayedError } from './app-error.js';
import { RUNTIME_CODES, RuntimeError } from './codes.js';

/** Faults in a request body, query or path: 400 with every fault listed. */
export function invalidRequest(issues: Fault[]): AppError {
  const list = issues.map((issue) => `${issue.path || 'body'}: ${issue.message}`).join('; ');
  return new RuntimeError('request.invalid', `the request is not valid: ${list}`, { issues });
}

/** Runs what reads one field of a request, so that the paths of its faults begin with that field. */
export async function inField<T>(name: string, run: () => Promise<T>): Promise<T> {
  try {
    return await run();
  } catch (error) {
    if (!(error instanceof AppError) || error.code !== 'request.invalid' || !error.issues) throw error;
    const below = (path: string): string => (path === '' ? name : `${name}.${path}`);
    throw invalidRequest(error.issues.map((fault) => ({ ...fault, path: below(fault.path) })));
  }
}

/** Any error as an AppError. What is not ours says nothing of its inside to the caller. */
export function toAppError(thrown: unknown): AppError {
  if (thrown instanceof AppError) return thrown;
  if (thrown instanceof HttpException && thrown.getStatus() < 500)
    return ofServer(thrown.getStatus(), thrown.message);
  const status = (thrown as { statusCode?: unknown } | null)?.statusCode;
  if (typeof status === 'number' && status >= 400 && status < 500)
    return ofServer(status, (thrown as Error).message);
  return new RuntimeError(
    'internal',
    'something failed inside; the log has the details under this correlationId',
    { cause: thrown },
  );
}

/** What Nest or Fastify refused before a route saw it. */
function ofServer(status: number, message: string): AppError {
  const code = codeOf(status);
  return new RelayedError({ code, status, message, remedy: RUNTIME_CODES[code].remedy });
}

function codeOf(status: number): keyof typeof RUNTIME_CODES {
  if (status === 404) return 'route.not_found';
  if (status === 413) return 'request.too_large';
  if (status === 415) return 'request.unsupported_media_type';
  return 'request.invalid';
}
