import { mkdirSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { cached } from './cache.js';
import { command, packageVersion } from '../processes/commands.js';

export interface Kernel {
  image: string;
  version: string;
  /** What modprobe takes as -d. */
  modulesRoot: string;
}

/** Debian's cloud kernel, unpacked without being installed. */
export const cloudKernel = (): Promise<Kernel> => debianKernel('kernel', 'linux-image-cloud-amd64');

/** The one with drivers for hardware that is no virtio: SATA's CD drives, among others. */
export const fullKernel = (): Promise<Kernel> => debianKernel('full-kernel', 'linux-image-amd64');

async function debianKernel(name: string, meta: string): Promise<Kernel> {
  const folder = await cached(name, [packageVersion(meta)], (target) => {
    const real = /Depends: (linux-image-\S+)/.exec(command('apt-cache', ['depends', meta]))?.[1];
    if (!real) throw new Error(`apt does not know ${meta}: run apt-get update`);
    mkdirSync(join(target, 'download'));
    // apt's own sandbox user may not write there.
    command('apt-get', ['-o', 'APT::Sandbox::User=root', 'download', '-qq', real], {
      cwd: join(target, 'download'),
    });
    const [archive] = readdirSync(join(target, 'download'));
    command('dpkg-deb', ['-x', join(target, 'download', archive ?? ''), join(target, 'root')]);
    rmSync(join(target, 'download'), { recursive: true });
    const version = readdirSync(join(target, 'root/lib/modules'))[0] ?? '';
    command('depmod', ['-b', join(target, 'root'), version]);
    renameSync(join(target, 'root/boot', `vmlinuz-${version}`), join(target, 'vmlinuz'));
  });
  const version = readdirSync(join(folder, 'root/lib/modules'))[0] ?? '';
  return { image: join(folder, 'vmlinuz'), version, modulesRoot: join(folder, 'root') };
}

/** Files of the modules that a guest needs, in the order in which they must be loaded. */
export function moduleFiles(kernel: Kernel, names: string[]): string[] {
  const files = new Set<string>();
  for (const name of names) {
    const lines = command('modprobe', [
      '-d',
      kernel.modulesRoot,
      '-S',
      kernel.version,
      '--show-depends',
      name,
    ]);
    for (const [, path] of lines.matchAll(/^insmod (\S+)/gm)) if (path) files.add(path);
  }
  return [...files];
}
