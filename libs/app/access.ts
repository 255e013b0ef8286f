import { createHash, timingSafeEqual } from 'node:crypto';
import { type CanActivate, type ExecutionContext, Inject, Injectable } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import { HostError } from './codes.js';

/** Who sent this request, for the audit: the name of the token it carried. */
export interface Caller {
  name: string;
}

declare module 'fastify' {
  interface FastifyRequest {
    caller?: Caller;
  }
}

/**
 * Finds the name that belongs to a token's SHA-256, or null. Comparison in constant time is the finder's
 * duty.
 */
export type TokenFinder = (sha256: Buffer) => Promise<string | null> | string | null;

function sha256(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}

/** A finder for one token that is known at start. */
export function singleToken(name: string, token: string): TokenFinder {
  const expected = sha256(token);
  return (presented) => (timingSafeEqual(presented, expected) ? name : null);
}

/** Of the request's bearer token; null for none, or one that is not known. */
export async function callerOf(
  { headers }: FastifyRequest,
  { findToken }: Pick<AccessRules, 'findToken'>,
): Promise<string | null> {
  const [, token] = /^Bearer ([\x21-\x7e]{1,512})$/.exec(headers.authorization ?? '') ?? [];
  return token ? findToken(sha256(token)) : null;
}

/** Injection token of what an app's `AccessGuard` checks against. */
export const ACCESS_RULES = Symbol('ACCESS_RULES');

export interface AccessRules {
  findToken: TokenFinder;
  /** Host names under which this API may be called, besides literal addresses and localhost. */
  hostNames: string[];
}

/**
 * `Authorization: Bearer <token>`, always, also on loopback: a guest on QEMU's user network reaches the
 * host's loopback. `Host` and `Origin` are checked against DNS rebinding and cross-site posts: a browser
 * cannot forge either.
 */
@Injectable()
export class AccessGuard implements CanActivate {
  constructor(@Inject(ACCESS_RULES) private readonly rules: AccessRules) {}

  async canActivate(context: ExecutionContext): Promise<boolean> {
    const request = context.switchToHttp().getRequest<FastifyRequest>();
    this.checkOrigin(request);
    const name = await callerOf(request, this.rules);
    if (name === null) {
      throw new HostError('auth.required', 'send the console token as "Authorization: Bearer <token>"');
    }
    request.caller = { name };
    return true;
  }

  private checkOrigin(request: FastifyRequest): void {
    const host = request.headers.host ?? '';
    const hostOnly = host.replace(/:\d+$/, '').toLowerCase();
    const literal = /^(localhost|\d{1,3}(\.\d{1,3}){3}|\[[0-9a-f:]+\])$/.test(hostOnly);
    if (!literal && !this.rules.hostNames.includes(hostOnly)) {
      throw new HostError(
        'auth.host_refused',
        `the Host header names ${hostOnly || 'nothing'}: call this API by its address or by the name in CONSOLE_HOST`,
      );
    }
    const origin = request.headers.origin;
    if (origin && origin !== `http://${host}` && origin !== `https://${host}`) {
      throw new HostError('auth.origin_refused', `requests from pages of ${origin} are refused`);
    }
  }
}
