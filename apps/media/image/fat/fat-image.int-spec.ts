import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { command } from '../../../../test/support/processes/commands.js';
import { makeFatImage } from './fat-image.js';
import type { WrittenFile } from '../written-file.js';

const folder = mkdtempSync(join(tmpdir(), 'infinibay-fat-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
let count = 0;

type Files = Record<string, string | Buffer>;

/** `makeFatImage` itself compares every name and byte with what mtools reads. */
async function fat(files: Files): Promise<WrittenFile & { path: string }> {
  const root = join(folder, String((count += 1)));
  for (const [name, content] of Object.entries(files)) {
    mkdirSync(dirname(join(root, name)), { recursive: true });
    writeFileSync(join(root, name), content);
  }
  const path = `${root}.img`;
  const options = { label: 'INFINIBAY', volumeId: '12345678', sourceDateEpoch: 1_700_000_001 };
  try {
    return { ...(await makeFatImage({ folder: root, image: path, ...options })), path };
  } finally {
    rmSync(root, { recursive: true, force: true });
  }
}

const name = fc
  .string({ unit: fc.constantFrom(...'abcXYZ019 ._-~$äß'), minLength: 1, maxLength: 40 })
  .filter((text) => !/^\.|[. ]$/.test(text));
const path = fc.array(name, { minLength: 1, maxLength: 3 }).map((parts) => parts.join('/'));
const trees = fc
  .dictionary(
    path,
    fc.uint8Array({ maxLength: 3000 }).map((bytes) => Buffer.from(bytes)),
    { minKeys: 1, maxKeys: 25 },
  )
  // FAT knows no capitals, and a name is a file or a folder.
  .filter((tree) => {
    const names = Object.keys(tree).map((each) => each.toLowerCase());
    const folders = names.flatMap((each) => each.split('/').map((_, at, all) => all.slice(0, at).join('/')));
    const spelled = new Set(
      Object.keys(tree).flatMap((each) =>
        each.split('/').map((_, at, all) => all.slice(0, at + 1).join('/')),
      ),
    );
    const folded = new Set([...spelled].map((each) => each.toLowerCase()));
    return folded.size === spelled.size && !names.some((each) => folders.includes(each));
  });

describe('a FAT image', () => {
  it('of any tree is read by mtools as it was written, and has no fault in the eyes of fsck.fat', async () => {
    await fc.assert(
      fc.asyncProperty(trees, async (tree) => {
        const image = await fat(tree);
        command('fsck.fat', ['-n', image.path]);
        rmSync(image.path);
      }),
      { numRuns: 25 },
    );
  }, 60_000);

  it('has the label, the serial number and the date that were asked for, to other programs too', async () => {
    const { path: image } = await fat({ 'a file': 'x' });
    expect(command('blkid', ['-o', 'export', image])).toMatch(/LABEL=INFINIBAY\nUUID=1234-5678[^]*TYPE=vfat/);
    expect(command('mdir', ['-i', image, '::/'], { env: { ...process.env, TZ: 'UTC' } })).toMatch(
      /AFILE~1 +1 2023-11-14 +22:13 +a file/,
    );
  });

  it.each(['SHORTN~1.TXT', 'shortn~1.txt'])(
    'does not take %s for the short name of another',
    async (short) => {
      const { path: image } = await fat({ 'short name.txt': 'one', [short]: 'two' });
      expect(command('mtype', ['-i', image, `::/${short}`])).toBe('two');
      expect(command('mtype', ['-i', image, '::/short name.txt'])).toBe('one');
    },
  );

  it('changes from FAT12 to FAT16 where the clusters become too many, and has the same bytes again', async () => {
    const large = { large: Buffer.alloc(2_100_000, 7) };
    const [small, first, second] = [await fat({ small: 'x' }), await fat(large), await fat(large)];
    expect(command('file', ['-b', small.path])).toContain('FAT (12 bit)');
    expect(command('file', ['-b', first.path])).toContain('FAT (16 bit)');
    expect(second.sha256).toBe(first.sha256);
  });

  it.each<[string, Files, RegExp]>([
    ['a letter that FAT lacks', { 'a:b': '' }, /"a:b" cannot stand on FAT/],
    ['two names that differ in capitals only', { a: '', A: '' }, /"a" is there twice/],
  ])('is refused for %s', async (_what, files, message) => {
    await expect(fat(files)).rejects.toMatchObject({
      code: 'media.seed_not_fat',
      status: 422,
      message: expect.stringMatching(message),
    });
  });
});
