import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { command } from './commands.js';

const root = resolve(import.meta.dirname, '../../..');

/** Packs a folder as it would be published; returns the archive's path. */
function pack(folder: string, to: string, options: string[] = []): string {
  const output = command('npm', ['pack', '--silent', '--pack-destination', to, ...options], {
    cwd: join(root, folder),
  });
  return join(to, output.trim().split('\n').at(-1) ?? '');
}

/**
 * A project of somebody else in a folder outside of the tree, with the packed @infinibay/protocol installed
 * from its archive, and zod beside it, without a network.
 * @param linked packages of the tree that the project's programs use, too
 */
export function makeForeignProject(folder: string, linked: string[]): void {
  const archives = [pack('libs/protocol', folder), pack('node_modules/zod', folder, ['--ignore-scripts'])];
  writeFileSync(
    join(folder, 'package.json'),
    JSON.stringify({ name: 'orchestrator', private: true, type: 'module' }),
  );
  command('npm', ['install', '--offline', '--no-audit', '--no-fund', '--loglevel=error', ...archives], {
    cwd: folder,
  });
  for (const name of linked) {
    const link = join(folder, 'node_modules', name);
    mkdirSync(dirname(link), { recursive: true });
    symlinkSync(join(root, 'node_modules', name), link);
  }
}

/**
 * Compiles the TypeScript files of a project as strictly as tsc can, declarations of packages included.
 * @returns what tsc says against them
 */
export function compileProject(folder: string, files: string[]): string {
  const options = [
    '--strict',
    '--target',
    'ES2024',
    '--module',
    'NodeNext',
    '--types',
    'node',
    '--pretty',
    'false',
  ];
  try {
    command(join(root, 'node_modules/.bin/tsc'), [...options, ...files], { cwd: folder });
    return '';
  } catch (error) {
    return String((error as Error).message);
  }
}
