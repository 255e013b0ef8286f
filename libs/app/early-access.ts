import { ModulesContainer } from '@nestjs/core';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import type { FastifyRequest } from 'fastify';
import { ACCESS_RULES, type AccessRules, callerOf } from './access.js';

/** Requests whose body is read and thrown away unparsed: their sender showed no token that is known. */
const strangers = new WeakSet<FastifyRequest>();

/**
 * Looks at the token of a request with a body before the body is parsed, in an app that has operators. The
 * guard of the route refuses it afterwards, with its own words; and what no route takes is not parsed either.
 */
export function lookAtTokensFirst(app: NestFastifyApplication): void {
  let rules: AccessRules | null | undefined;
  const findRules = (): AccessRules | null => {
    // Not `app.get`, which logs an error for what is not there.
    for (const { providers } of app.get(ModulesContainer).values()) {
      const provider = providers.get(ACCESS_RULES);
      if (provider) return provider.instance as AccessRules;
    }
    // An app without operators, such as the one that guests reach: it takes no bodies.
    return null;
  };
  app
    .getHttpAdapter()
    .getInstance()
    .addHook('onRequest', async (request) => {
      if (!hasBody(request)) return;
      if (rules === undefined) rules = findRules();
      if (request.is404 || rules === null || (await callerOf(request, rules)) === null)
        strangers.add(request);
    });
}

export function mayBeParsed(request: FastifyRequest): boolean {
  return !strangers.has(request);
}

function hasBody({ headers }: FastifyRequest): boolean {
  return headers['transfer-encoding'] !== undefined || (headers['content-length'] ?? '0') !== '0';
}
