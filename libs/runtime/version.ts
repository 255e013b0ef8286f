import { createRequire } from 'node:module';

/** The suite's version, as its package.json has it. */
export const SUITE_VERSION = (createRequire(import.meta.url)('#package') as { version: string }).version;
