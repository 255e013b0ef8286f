import { Injectable } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { FailureLimit } from '#runtime';
import { DistributionError } from '../codes.js';

/** Tokens that are not known: so many at once from one address, then so many a second. */
const RATE = [30, 0.5] as const;

/** Whoever guesses tokens is turned away, by address; right ones are never counted. */
@Injectable()
export class FailedTokens {
  private readonly limit = new FailureLimit(RATE);

  /** @throws AppError `token.too_many_failures` (429) */
  check(request: FastifyRequest, reply: FastifyReply): void {
    const seconds = this.limit.waitSeconds(request.ip);
    if (seconds === 0) return;
    reply.header('retry-after', seconds);
    throw new DistributionError(
      'token.too_many_failures',
      `more than ${RATE[0]} tokens of this address were not known: wait ${seconds} s`,
    );
  }

  count(request: FastifyRequest): void {
    this.limit.failed(request.ip);
  }
}
