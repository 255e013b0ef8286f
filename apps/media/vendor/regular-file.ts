import { constants } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';

/**
 * Opens a file that somebody else named. A FIFO without a writer would hold one of the process's few threads
 * for ever and a device has no end, so neither is waited for nor read.
 * @throws NodeJS.ErrnoException as `open` does, Error for a folder, FIFO, socket or device
 */
export async function openRegularFile(path: string): Promise<FileHandle> {
  const handle = await open(path, constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOCTTY);
  try {
    if (!(await handle.stat()).isFile()) throw new Error('it is no file');
    return handle;
  } catch (error) {
    await handle.close();
    throw error;
  }
}
