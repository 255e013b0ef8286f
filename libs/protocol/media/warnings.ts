import type { Fault } from '../fault.js';
import { FAMILY_RULES } from './family-rules.js';
import type { MediaRequest } from './request-fields.js';

/** Something that is allowed and worth knowing. */
export type Warning = Fault & { severity: 'warning' };

/** What an operator should know of a request that can be installed, without a look at any medium. */
export const requestWarnings = (request: MediaRequest): Warning[] =>
  [...FAMILY_RULES[request.os.family].warnings(request)].map((fault) => ({
    ...fault,
    severity: 'warning' as const,
  }));
