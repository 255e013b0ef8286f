import { command } from '../processes/commands.js';

/**
 * A Debian in a folder, made by mmdebstrap from this machine's own suite and mirrors, as root.
 * @param hooks options of mmdebstrap, e.g. `--customize-hook=…`
 */
export function debianRoot(root: string, packages: string[], hooks: string[] = []): void {
  const aptOptions = command('apt-config', ['dump'])
    .split('\n')
    .filter((line) => /^Acquire::(Check|https?::Proxy)/.test(line));
  command('mmdebstrap', [
    ...['--mode=root', '--variant=apt', '--dpkgopt=force-unsafe-io', '--quiet'],
    ...['doc', 'man', 'locale', 'info', 'lintian'].map(
      (name) => `--dpkgopt=path-exclude=/usr/share/${name}/*`,
    ),
    ...aptOptions.map((line) => `--aptopt=${line}`),
    `--include=${packages.join(',')}`,
    ...hooks,
    '',
    root,
    '/etc/apt/sources.list.d/debian.sources',
  ]);
}
