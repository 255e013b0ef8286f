import { randomUUID } from 'node:crypto';
import { mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { baseDir, readSeed, seedPath, startStandalone } from '../support/apps.js';
import { command } from '../support/commands.js';
import { type Figure, percentile, timed } from './figures.js';

/** One machine's medium by HTTP, rows and plan and image with read-back, beside xorriso alone on the same files. */
export async function benchSeed(): Promise<Figure[]> {
  const base = baseDir();
  const folder = mkdtempSync(join(tmpdir(), 'infinibay-bench-'));
  const { app, operator } = await startStandalone(base);
  try {
    const script = await operator.script('first', 'true');
    let image = '';
    const ours = await timed(30, async () => {
      image = seedPath(await operator.medium(randomUUID(), [script]));
    });
    mkdirSync(join(folder, 'cidata'));
    for (const name of ['user-data', 'meta-data'])
      writeFileSync(join(folder, 'cidata', name), readSeed(image, name));
    const bare = await timed(30, () =>
      command('xorriso', [
        '-as',
        'mkisofs',
        '-quiet',
        '-J',
        '-r',
        '-V',
        'cidata',
        '-o',
        join(folder, 'bare.iso'),
        join(folder, 'cidata'),
      ]),
    );
    return [
      {
        what: 'seed for one machine, POST /api/media, p50',
        value: percentile(ours, 0.5),
        unit: 'ms',
        target: 300,
        against: { what: 'xorriso alone', value: percentile(bare, 0.5) },
      },
      {
        what: 'size of the seed',
        value: statSync(image).size / 1024,
        unit: 'KB',
        target: 1024,
        against: { what: 'xorriso alone', value: statSync(join(folder, 'bare.iso')).size / 1024 },
      },
    ];
  } finally {
    await app.stop();
    rmSync(base, { recursive: true, force: true });
    rmSync(folder, { recursive: true, force: true });
  }
}
