export { Bus } from './bus/bus.js';
export * from './config.js';
export * from './errors.js';
export { HealthRegistry, Metrics, MetricsPageModule } from './health.js';
export {
  ACCESS_RULES,
  AccessGuard,
  type AccessRules,
  sha256,
  singleToken,
  type Caller,
  type TokenFinder,
} from './http/access.js';
export { toAppError } from './http/error-filter.js';
export { type HttpAppOptions, type RunningApp, startHttpApp } from './http/http-app.js';
export { withMetricsPage } from './http/metrics-page.js';
export { createLogger, type Logger, redactText, shortId } from './logger.js';
export { runMain, type Stoppable } from './main.js';
export { giveBackMemory } from './memory.js';
export { LOGGER, RuntimeModule } from './runtime.module.js';
export { secretFile } from './secret-file.js';
export { issuesOf, parse, validated } from './validate.js';
export { sha512Crypt, verifySha512Crypt } from './crypt.js';
export { openPasswords, sealPasswords } from './passwords.js';
export { seal, unseal } from './seal.js';
