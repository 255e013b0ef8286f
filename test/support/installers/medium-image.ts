import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { SeedFile } from '../../../apps/media/families/seed-file.js';
import { command } from '../processes/commands.js';

/** Puts a real image with these files and this label where a device is; null: takes it away. */
export function insertMedium(device: string, label: string, files: readonly SeedFile[] | null): void {
  rmSync(device, { force: true });
  if (!files) return;
  mkdirSync(dirname(device), { recursive: true });
  const folder = mkdtempSync(`${device}-medium-`);
  for (const { name, content } of files) {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), content);
  }
  command('xorriso', ['-as', 'mkisofs', '-quiet', '-J', '-R', '-V', label, '-o', device, folder]);
  rmSync(folder, { recursive: true });
}
