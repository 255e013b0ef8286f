import { type ArgumentsHost, Catch, type ExceptionFilter } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { AppError, type Logger, redactText, RelayedError, toAppError } from '#runtime';

/** The one place where an error becomes an answer: `{ code, message, remedy, correlationId, issues? }`. */
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
          // What another app answered is in that app's log under an id of its own.
          ...(error instanceof RelayedError ? { relayedCorrelationId: error.correlationId } : {}),
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
  if (error.retryAfterSeconds !== undefined) reply.header('retry-after', error.retryAfterSeconds);
  // The route may have named the type of what it would have sent.
  return reply
    .status(error.status)
    .header('content-type', 'application/json; charset=utf-8')
    .send(legacyErrorField ? { ...body, error: error.message } : body);
}
