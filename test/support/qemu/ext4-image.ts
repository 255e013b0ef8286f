import { spawnSync } from 'node:child_process';
import { command } from '../processes/commands.js';

/**
 * A raw image of an ext4 file system, read without being mounted: debugfs tells whose the blocks are.
 */
export class Ext4Image {
  private readonly blockBytes: number;

  constructor(private readonly path: string) {
    const said = command('dumpe2fs', ['-h', path]);
    this.blockBytes = Number(/^Block size:\s+(\d+)$/m.exec(said)?.[1]);
  }

  /** Of one file; empty when there is none. */
  read = (file: string): string => this.ask(`cat ${file}`);

  /** Names in one folder. */
  list = (folder: string): string[] =>
    this.ask(`ls -p ${folder}`)
      .split('\n')
      .map((line) => line.split('/')[5] ?? '')
      .filter((name) => name !== '' && name !== '.' && name !== '..');

  /**
   * Where a text stands on the whole disk: the files that own its blocks, and `free` for a block of none.
   * @param text plain ASCII
   */
  holders(text: string): string[] {
    const { stdout, status } = spawnSync('grep', ['-aboF', '--', text, this.path], {
      encoding: 'utf8',
      env: { ...process.env, LC_ALL: 'C' },
      maxBuffer: 64 * 1024 * 1024,
    });
    if (status !== 0 && status !== 1) throw new Error(`grep ended with ${status}`);
    const blocks = stdout
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => Math.floor(Number(line.split(':')[0]) / this.blockBytes));
    return [...new Set(blocks.map((block) => this.owner(block)))];
  }

  private owner(block: number): string {
    const inode = new RegExp(`^${block}\\s+(\\d+)$`, 'm').exec(this.ask(`icheck ${block}`))?.[1];
    if (inode === undefined) return 'free';
    const name = new RegExp(`^${inode}\\s+(/.*)$`, 'm').exec(this.ask(`ncheck ${inode}`))?.[1];
    return name?.replace(/^\/+/, '/') ?? `inode ${inode}`;
  }

  private ask = (request: string): string => command('debugfs', ['-R', request, this.path]);
}
