import { spawnSync } from 'node:child_process';
import { asPattern, type Block } from './runnable-document.js';

/** No byte of an output: what a block prints ends at it. */
const END = '\u0001';

export interface TypedBlock {
  block: Block;
  /** Standard output; null when an earlier block has ended the shell. */
  output: string | null;
}

/**
 * Types blocks into one bash, one after another, as a reader does.
 * @param here makes a block's text one for this machine
 * @returns what each printed, and everything on standard error
 */
export function typeBlocks(
  blocks: readonly Block[],
  options: { here: (text: string) => string; cwd: string; env: NodeJS.ProcessEnv },
): { typed: TypedBlock[]; stderr: string; status: number | null } {
  const text = blocks.map((block) => `${options.here(block.text)}\nprintf '\\001'\n`).join('');
  const { stdout, stderr, status } = spawnSync('bash', ['-eu'], {
    input: text,
    encoding: 'utf8',
    cwd: options.cwd,
    env: options.env,
    timeout: 60_000,
  });
  const outputs = stdout.split(END);
  return {
    typed: blocks.map((block, index) => ({
      block,
      output: index < outputs.length - 1 ? (outputs[index] ?? '') : null,
    })),
    stderr,
    status,
  };
}

/** What is wrong with what a block printed, in words; null when it is what the document shows. */
export function faultOf({ block, output }: TypedBlock): string | null {
  if (output === null) return `line ${block.line}: did not end with exit code 0:\n${block.text}`;
  if (block.shows === null || asPattern(block.shows).test(output)) return null;
  return `line ${block.line}: shows\n${block.shows}and prints\n${output}`;
}
