import { readdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { usedBytes } from '../store/media-space.js';
import { openRegularFile } from './regular-file.js';
import { runTool, XORRISO } from '../image/tool.js';

/** Small files take whole blocks on disk. */
const SLACK_BYTES = 1_048_576;

/**
 * Unpacks files and folders of an ISO 9660 image below a folder, with the paths that they have in the image.
 * What the image lacks is left out.
 * @throws Error with xorriso's words when the image cannot be read
 */
export async function extractFromIso(image: string, paths: string[], target: string): Promise<void> {
  const size = await checkLength(image);
  // One missing path must not end the others: it is told by what is there afterwards.
  const extract = paths.flatMap((path) => ['-extract', `/${path}`, join(target, path)]);
  const { code, said } = await runTool(
    XORRISO,
    ['-abort_on', 'NEVER', '-return_with', 'FATAL', '32', '-osirrox', 'on', '-indev', image, ...extract],
    { acceptFailure: true },
  );
  const broken = said
    .split('\n')
    .filter((line) =>
      /Cannot read ISO image|No ISO 9660|Read error|read error|Cannot find .*PVD|not an ISO/i.test(line),
    );
  const isEmpty = (await readdir(target)).length === 0;
  if (code !== 0 || broken.length > 0 || isEmpty)
    throw new Error(
      broken.join('; ').slice(0, 500) ||
        (isEmpty
          ? `it has none of ${[...new Set(paths.map((path) => dirname(path)))].join(', ')}`
          : `xorriso ended with ${code}`),
    );
  // Files may share their bytes in an image, and each is unpacked by itself.
  const unpacked = await usedBytes(target);
  if (unpacked > 2 * size + SLACK_BYTES) throw new Error(`it has ${size} bytes and unpacks to ${unpacked}`);
}

/**
 * xorriso fills what a truncated image lacks. Source: ECMA-119, "Volume Space Size" of the primary volume
 * descriptor.
 */
async function checkLength(image: string): Promise<number> {
  const file = await openRegularFile(image);
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(2048), 0, 2048, 16 * 2048);
    if (bytesRead < 2048 || buffer.toString('latin1', 1, 6) !== 'CD001')
      throw new Error('it has no volume descriptor');
    const wanted = buffer.readUInt32LE(80) * buffer.readUInt16LE(128);
    const { size } = await file.stat();
    if (size < wanted) throw new Error(`it should have ${wanted} bytes and has ${size}`);
    return size;
  } finally {
    await file.close();
  }
}
