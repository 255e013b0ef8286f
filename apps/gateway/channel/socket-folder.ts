import {
  closeSync,
  constants,
  type FSWatcher,
  mkdirSync,
  openSync,
  readdirSync,
  statSync,
  watch,
} from 'node:fs';
import { join } from 'node:path';
import { isForeign } from '#secrets';
import { GatewayError } from '../codes.js';

const CHANNEL_NAME = /^([0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12})\.socket$/i;

/** Many sockets appear together when a host starts. */
const CHANGES_TOGETHER_MS = 20;

/** Room in sockaddr_un.sun_path on Linux, without the closing NUL (unix(7)). */
const SUN_PATH_MAX = 107;

/**
 * The folder in which QEMU opens one socket per machine. The file's name is the machine's identity, so
 * whoever can create files here can be any machine: nobody but the owner may write, and others may not even
 * look.
 */
export class SocketFolder {
  private readonly descriptor: number;
  private watcher: FSWatcher | null = null;

  /** @throws AppError `gateway.sockets_exposed` when another user owns it, group may write or others look */
  constructor(readonly path: string) {
    mkdirSync(path, { recursive: true, mode: 0o750 });
    const { mode, uid } = statSync(path);
    if (isForeign(uid)) {
      throw new GatewayError(
        'gateway.sockets_exposed',
        `${path} belongs to another user (uid ${uid}): whoever can create a socket there is that machine; run the gateway as that user, if it is the one that QEMU runs as, or chown the folder`,
      );
    }
    if ((mode & 0o027) !== 0) {
      throw new GatewayError(
        'gateway.sockets_exposed',
        `${path} has mode ${(mode & 0o777).toString(8)}: whoever can create a socket there is that machine; chmod 750 ${path}`,
      );
    }
    this.descriptor = openSync(path, constants.O_RDONLY | constants.O_DIRECTORY);
  }

  /** Machine ids with a socket file. Other files (`.sock` are QMP and others) are none of ours. */
  list(): string[] {
    return readdirSync(this.path).flatMap((name) => {
      const [, id] = CHANNEL_NAME.exec(name) ?? [];
      return id ? [id.toLowerCase()] : [];
    });
  }

  /**
   * Calls back soon after something changed, once for changes that come together; events may be lost, so a
   * sweep is needed besides.
   */
  watch(changed: () => void): void {
    let timer: NodeJS.Timeout | null = null;
    const soon = (): void => {
      timer ??= setTimeout(() => {
        timer = null;
        changed();
      }, CHANGES_TOGETHER_MS);
    };
    this.watcher = watch(this.path, { persistent: false }, soon);
    this.watcher.on('error', () => this.watcher?.close());
  }

  /** The path to connect to: through the folder's descriptor when the plain one does not fit an address. */
  address(machineId: string): string {
    const plain = this.fileOf(machineId);
    return Buffer.byteLength(plain) <= SUN_PATH_MAX
      ? plain
      : `/proc/self/fd/${this.descriptor}/${machineId}.socket`;
  }

  fileOf(machineId: string): string {
    return join(this.path, `${machineId}.socket`);
  }

  close(): void {
    this.watcher?.close();
    closeSync(this.descriptor);
  }
}
