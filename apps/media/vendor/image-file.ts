import type { FileHandle } from 'node:fs/promises';
import { openRegularFile } from './regular-file.js';

/** A stretch of a file that lies in one piece, in bytes of the image. */
export interface Extent {
  position: number;
  length: number;
}

/**
 * A medium of any vendor takes some hundred reads to tell, or to copy a kernel from; one that takes more is
 * made to be read for ever.
 */
const MAX_READS = 100_000;

/**
 * An image that is read by ranges only: a vendor's ISO has gigabytes, of which a few kilobytes are of
 * interest.
 */
export class ImageFile {
  /** Bytes that were read so far. */
  bytesRead = 0;
  private reads = 0;

  private constructor(
    readonly path: string,
    /** Bytes. */
    readonly size: number,
    private readonly handle: FileHandle,
  ) {}

  /** @throws NodeJS.ErrnoException as `open` does, Error for what is no regular file */
  static async open(path: string): Promise<ImageFile> {
    const handle = await openRegularFile(path);
    try {
      return new ImageFile(path, (await handle.stat()).size, handle);
    } catch (error) {
      await handle.close();
      throw error;
    }
  }

  /**
   * @throws Error when the image has fewer bytes than that, and when it takes more reads than any medium
   * needs
   */
  async read(position: number, length: number): Promise<Buffer> {
    if (position + length > this.size) throw new Error('the image ends too early');
    this.reads += 1;
    if (this.reads > MAX_READS) throw new Error('its folders are without an end');
    const { buffer, bytesRead } = await this.handle.read(Buffer.alloc(length), 0, length, position);
    this.bytesRead += bytesRead;
    if (bytesRead !== length) throw new Error('the image ends too early');
    return buffer;
  }

  /** A range of a file that may lie in several pieces. @throws Error when the pieces hold less */
  async readFrom(extents: Extent[], offset: number, length: number): Promise<Buffer> {
    const parts: Buffer[] = [];
    let before = offset;
    let wanted = length;
    for (const extent of extents) {
      const take = Math.min(wanted, Math.max(0, extent.length - before));
      if (take > 0) parts.push(await this.read(extent.position + before, take));
      before = Math.max(0, before - extent.length);
      wanted -= take;
    }
    if (wanted > 0) throw new Error('the file ends too early');
    return Buffer.concat(parts);
  }

  async close(): Promise<void> {
    await this.handle.close();
  }
}

export const lengthOf = (extents: Extent[]): number => extents.reduce((sum, { length }) => sum + length, 0);
