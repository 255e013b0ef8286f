import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/** What stands above this line is for readers and linters of the file; a machine gets what stands below. */
const BEGIN = /^(?:#|'|rem) @begin\n/m;

/**
 * The text of a program in another language than ours. Meant for constants of modules: the file is read once,
 * when the process starts. The build copies the files beside the compiled modules (nest-cli.json, `assets`).
 * @param folder the calling module's own, `import.meta.dirname`
 * @param path from there, e.g. `scripts/disk-rule.sh`
 * @throws Error when the file is missing or is no plain text: a byte order mark or a carriage return would
 * reach the machine unseen
 */
export function readScript(folder: string, path: string): string {
  const file = join(folder, path);
  const text = readFileSync(file, 'utf8');
  if (/[\r\uFEFF]/.test(text))
    throw new Error(`${file}: a script has neither a byte order mark nor carriage returns`);
  const begin = BEGIN.exec(text);
  return begin ? text.slice(begin.index + begin[0].length) : text;
}
