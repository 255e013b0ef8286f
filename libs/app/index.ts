export { ACCESS_RULES, AccessGuard, type AccessRules, singleToken, type TokenFinder } from './access.js';
export { AppModule } from './app.module.js';
export { type Draft, draftOf, withoutDraft } from './draft.js';
export { startHttpApp } from './http-app.js';
export { idempotencyKeyOf, type IdempotencyKeyOf, requestIdOf } from './idempotency-key.js';
export { runMain } from './main.js';
export { withMetricsPage } from './metrics-page.js';
export { ThisApp } from './this-app.js';
