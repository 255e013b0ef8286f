import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { mutationDocument } from './document.js';
import { root } from './subjects.js';

const text = mutationDocument();
writeFileSync(join(root, 'docs/answer-file-mutations.md'), text);
process.stdout.write(`${/\*\*(.*)\*\*/.exec(text)?.[1] ?? ''}\n`);
