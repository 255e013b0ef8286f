import { readFileSync } from 'node:fs';

/** A fenced block of a Markdown file. */
export interface Block {
  /** The first word after the fence, such as `sh`; empty when there is none. */
  language: string;
  /**
   * The words that follow: `run` for what a reader types, `guest` for a machine's script, `shows` for its
   * output.
   */
  marks: string[];
  text: string;
  /** The line that the block begins on, counted from 1. */
  line: number;
  /** The text of the `shows` block that follows before any other block, if there is one. */
  shows: string | null;
}

/** The fenced blocks of a document, in their order. */
export function blocksOf(path: string): Block[] {
  const blocks: Block[] = [];
  let open: Block | null = null;
  readFileSync(path, 'utf8')
    .split('\n')
    .forEach((content, index) => {
      const fence = /^```(.*)$/.exec(content);
      if (!fence) {
        if (open) open.text += `${content}\n`;
        return;
      }
      if (!open) {
        const [language = '', ...marks] = (fence[1] ?? '').trim().split(/\s+/);
        open = { language, marks, text: '', line: index + 1, shows: null };
        return;
      }
      const before = blocks.at(-1);
      if (open.marks.includes('shows') && before) before.shows = open.text;
      blocks.push(open);
      open = null;
    });
  return blocks;
}

/** What a `shows` block says: `…` stands for anything in its line, and on a line of its own for any lines. */
export function asPattern(shown: string): RegExp {
  const lines = shown
    .trimEnd()
    .split('\n')
    .map((line) =>
      line.trim() === '…'
        ? '[\\s\\S]*'
        : line
            .split('…')
            .map((part) => escaped(part))
            .join('.*'),
    );
  return new RegExp(`^\\s*${lines.join('\\n')}\\s*$`);
}

const escaped = (text: string): string => text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
