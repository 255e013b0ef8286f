import { readFileSync } from 'node:fs';
import { findPackageJSON } from 'node:module';

/** The suite's version, as its package.json has it. */
export function suiteVersion(): string {
  const file = findPackageJSON('..', import.meta.url);
  return file === undefined
    ? 'unknown'
    : (JSON.parse(readFileSync(file, 'utf8')) as { version: string }).version;
}
