import { join, resolve } from 'node:path';
// The same file makes it for `npm test`.
import { installPythonTool } from '../../../scripts/python-tools.mjs';
import { command } from '../processes/commands.js';

const DOCUMENT = resolve(import.meta.dirname, '../../../docs/openapi/console.json');
const bin = (): string => join(installPythonTool('openapi-python-client'), 'bin');

/** The interpreter that has what a generated client imports. */
export const python = (): string => join(bin(), 'python');

/** Generates a package of that name into a folder. @returns what the generator said */
export function generatePythonClient(folder: string, name: string): string {
  // It formats what it wrote by a program that it looks for in PATH.
  const env = { ...process.env, PATH: `${bin()}:${process.env['PATH'] ?? ''}` };
  const words = ['generate', '--path', DOCUMENT, '--meta', 'none', '--output-path', join(folder, name)];
  return command(join(bin(), 'openapi-python-client'), words, { cwd: folder, env });
}
