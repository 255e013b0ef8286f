export { Bus } from './bus/bus.js';
export * from './config.js';
export * from './errors.js';
export { HealthRegistry, Metrics, MetricsPageModule } from './health.js';
export { createLogger, type Logger, NestLogger, redactText, shortId } from './logger.js';
export { giveBackMemory } from './memory.js';
export { LOGGER, RuntimeModule } from './runtime.module.js';
export { issuesOf, parse, validated } from './validate.js';
export { VERSION } from './version.js';
