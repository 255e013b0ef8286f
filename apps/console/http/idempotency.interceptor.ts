import {
  type CallHandler,
  type ExecutionContext,
  Inject,
  Injectable,
  type NestInterceptor,
} from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { catchError, from, mergeMap, type Observable, of, throwError } from 'rxjs';
import { Database, IdempotencyKey, takeIdempotencyKey, takeOverIdempotencyKey } from '#db';
import { ConsoleError } from '../codes.js';
import { CONSOLE_TOKEN } from '../console-config.js';
import { bodyHash, keyReused } from './once.js';

/** A first request that has not answered after this long has died with its process. */
const ABANDONED_AFTER_SECONDS = 120;

/**
 * `Idempotency-Key` on POST: the same key and body give the same answer, another body 409. A key belongs to
 * its caller and route. Requests that failed may be sent again under their key.
 */
@Injectable()
export class IdempotencyInterceptor implements NestInterceptor {
  constructor(
    private readonly database: Database,
    @Inject(CONSOLE_TOKEN) private readonly token: string,
  ) {}

  intercept(context: ExecutionContext, next: CallHandler): Observable<unknown> {
    const request = context.switchToHttp().getRequest<FastifyRequest>();
    const key = request.headers['idempotency-key'];
    if (request.method !== 'POST' || key === undefined) return next.handle();
    if (typeof key !== 'string' || !/^[\x21-\x7e]{1,255}$/.test(key)) {
      throw new ConsoleError(
        'idempotency.invalid_key',
        'Idempotency-Key: must be 1 to 255 visible ASCII characters',
      );
    }
    const reply = context.switchToHttp().getResponse<FastifyReply>();
    const scope = `${request.caller?.name ?? ''} ${request.url.split('?')[0]}`.slice(0, 255);
    const bodySha256 = bodyHash(this.token, request.body);
    return from(this.begin(scope, key, bodySha256)).pipe(
      mergeMap((known) => {
        if (known) {
          reply.status(known.status);
          return of(known.response);
        }
        return next.handle().pipe(
          // Before the refusal is answered: whoever has it may send again at once.
          catchError((error: unknown) =>
            from(this.forget(scope, key).catch(() => undefined)).pipe(
              mergeMap(() => throwError(() => error)),
            ),
          ),
          mergeMap(async (response: unknown) => {
            await this.database
              .work()
              .nativeUpdate(
                IdempotencyKey,
                { scope, key },
                { status: reply.statusCode, response: response ?? null },
              );
            return response;
          }),
        );
      }),
    );
  }

  /** @returns the earlier answer, or null when this request is the first */
  private async begin(scope: string, key: string, bodySha256: string): Promise<IdempotencyKey | null> {
    const work = this.database.work();
    if ((await takeIdempotencyKey(work, { scope, key, bodySha256 })) !== null) return null;
    const known = await work.findOneOrFail(IdempotencyKey, { scope, key });
    if (known.bodySha256 !== bodySha256) throw keyReused('Idempotency-Key');
    // The first request's process died: this one takes its place.
    if (known.status === 0 && (await takeOverIdempotencyKey(work, known.id, ABANDONED_AFTER_SECONDS)))
      return null;
    if (known.status === 0)
      throw new ConsoleError(
        'idempotency.in_progress',
        'Idempotency-Key: the first request with it is still at work; try again',
      );
    return known;
  }

  private async forget(scope: string, key: string): Promise<void> {
    await this.database.work().nativeDelete(IdempotencyKey, { scope, key });
  }
}
