import { type ArgumentsHost, Catch, type ExceptionFilter, HttpException } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { AppError } from '../errors.js';
import { type Logger, redactText } from '../logger.js';

/** The one place where an error becomes an answer: `{ code, message, correlationId, issues? }`. */
@Catch()
export class AppErrorFilter implements ExceptionFilter {
  constructor(
    private readonly logger: Logger,
    /** Also give the message under `error`: the name that older clients of the guests' routes read. */
    private readonly legacyErrorField = false,
  ) {}

  catch(thrown: unknown, host: ArgumentsHost): void {
    const request = host.switchToHttp().getRequest<FastifyRequest>();
    const reply = host.switchToHttp().getResponse<FastifyReply>();
    const error = toAppError(thrown);
    if (error.status >= 500) {
      this.logger.error(
        {
          code: error.code,
          correlationId: request.id,
          err: thrown instanceof AppError ? thrown.cause : thrown,
        },
        redactText(error.message),
      );
    }
    // The head is out: the connection is all that can still say that something failed.
    if (reply.raw.headersSent) return void reply.raw.destroy();
    void sendError(error, request, reply, this.legacyErrorField);
  }
}

export function sendError(
  error: AppError,
  request: FastifyRequest,
  reply: FastifyReply,
  legacyErrorField = false,
): FastifyReply {
  const body = error.toBody(request.id);
  // The route may have named the type of what it would have sent.
  return reply
    .status(error.status)
    .header('content-type', 'application/json; charset=utf-8')
    .send(legacyErrorField ? { ...body, error: error.message } : body);
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
