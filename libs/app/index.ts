export {
  ACCESS_RULES,
  AccessGuard,
  type AccessRules,
  sha256,
  singleToken,
  type Caller,
  type TokenFinder,
} from './access.js';
export { AppModule } from './app.module.js';
export { type Draft, draftOf, withoutDraft } from './draft.js';
export { type HttpAppOptions, type RunningApp, startHttpApp } from './http-app.js';
export { runMain, type Stoppable } from './main.js';
export { withMetricsPage } from './metrics-page.js';
export { ThisApp } from './this-app.js';
