import { createRequire } from 'node:module';

/** The suite's version, as its package.json has it. */
export const VERSION = (createRequire(import.meta.url)('#package') as { version: string }).version;
