import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { format, resolveConfig } from 'prettier';
import { CONSOLE_CODES } from '../../apps/console/codes.js';
import { DISTRIBUTION_CODES } from '../../apps/distribution/codes.js';
import { GATEWAY_CODES } from '../../apps/gateway/codes.js';
import { MEDIA_CODES } from '../../apps/media/codes.js';
import { APP_CODES } from '../../libs/app/codes.js';
import { DATABASE_CODES } from '../../libs/db/codes.js';
import { ERROR_CODES } from '../../libs/protocol/index.js';
import type { Catalogue } from '../../libs/runtime/index.js';
import { RUNTIME_CODES } from '../../libs/runtime/codes.js';
import { SECRETS_CODES } from '../../libs/secrets/codes.js';
import { committedFiles, read, root } from './files.js';

const CATALOGUES: { path: string; title: string; codes: Catalogue; console: boolean }[] = [
  { path: 'libs/runtime/codes.ts', title: 'Any app', codes: RUNTIME_CODES, console: true },
  { path: 'libs/db/codes.ts', title: 'Database', codes: DATABASE_CODES, console: true },
  { path: 'libs/app/codes.ts', title: 'Access', codes: APP_CODES, console: true },
  { path: 'libs/secrets/codes.ts', title: 'Secrets', codes: SECRETS_CODES, console: true },
  { path: 'apps/console/codes.ts', title: 'Console', codes: CONSOLE_CODES, console: true },
  { path: 'apps/media/codes.ts', title: 'Media', codes: MEDIA_CODES, console: true },
  { path: 'apps/distribution/codes.ts', title: 'Distribution', codes: DISTRIBUTION_CODES, console: false },
  { path: 'apps/gateway/codes.ts', title: 'Gateway', codes: GATEWAY_CODES, console: false },
];

/**
 * Every code of an answer that the console gives: its own, those of the media app behind it, and those of any
 * app.
 */
const answers = CATALOGUES.filter(({ console }) => console)
  .flatMap(({ codes }) => Object.entries(codes))
  .filter(([, { atStart }]) => !atStart)
  .map(([code]) => code)
  .sort();

function page(): string {
  const table = (codes: Catalogue): string[] => [
    '| code | status | when | what to do |',
    '|---|---|---|---|',
    ...Object.entries(codes)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(
        ([code, { status, when, remedy, atStart }]) =>
          `| \`${code}\` | ${atStart ? 'ends the start' : status} | ${when} | ${remedy} |`,
      ),
  ];
  return [
    '# Error codes',
    '',
    'Written by `npm run errors` from the `codes.ts` of each app and library; a test compares.',
    '',
    'Every error, over HTTP and over the bus, is `{ code, message, remedy, correlationId, issues? }`. Programs decide by',
    '`code`, which has one meaning and one status; `message` and `remedy` are for people. The log of the app has more under',
    'the `correlationId`: over HTTP it is also the header `x-correlation-id`, over the bus the `requestId` of the request.',
    'Each of `issues` has a `path` such as `users.0.name`, a `message` and a `remedy`; all faults of a request are told at once.',
    '',
    ...CATALOGUES.flatMap(({ title, path, codes }) => [
      `## ${title}`,
      '',
      `[${path}](../${path})`,
      '',
      ...table(codes),
      '',
    ]),
  ].join('\n');
}

const list =
  (): string => `/** Every code that the console answers with. Written by \`npm run errors\` from the catalogues. */
export const ERROR_CODES = [
${answers.map((code) => `  '${code}',`).join('\n')}
] as const;
export type ErrorCode = (typeof ERROR_CODES)[number];
`;

/** Compares with the committed file; UPDATE_GOLDEN=1 writes it. */
async function expectWritten(path: string, text: string): Promise<void> {
  const formatted = await format(text, { ...(await resolveConfig(join(root, path))), filepath: path });
  if (process.env['UPDATE_GOLDEN']) writeFileSync(join(root, path), formatted);
  expect(read(path)).toBe(formatted);
}

describe('the catalogue of error codes', () => {
  it('is docs/errors.md', () => expectWritten('docs/errors.md', page()));

  it('is the enumeration of the contract, which is loaded again once it was written', async () => {
    await expectWritten('libs/protocol/api/error-codes.ts', list());
    if (!process.env['UPDATE_GOLDEN']) expect(ERROR_CODES).toEqual(answers);
  });

  it('has each code once', () => {
    const all = CATALOGUES.flatMap(({ codes }) => Object.keys(codes));
    expect(all.filter((code, index) => all.indexOf(code) !== index)).toEqual([]);
  });

  it('has every catalogue of the tree', () => {
    const known = CATALOGUES.map(({ path }) => path).sort();
    expect(committedFiles().filter((path) => /^(apps|libs)\/.*\/codes\.ts$/.test(path))).toEqual(known);
  });

  it('has no code that nothing throws', () => {
    const sources = committedFiles()
      .filter((path) => /^(apps|libs)\/.*\.ts$/.test(path) && !/spec\.ts$|codes\.ts$/.test(path))
      .map(read)
      .join('\n');
    for (const { codes } of CATALOGUES)
      for (const code of Object.keys(codes))
        expect([code, sources.includes(`'${code}'`)]).toEqual([code, true]);
  });

  it('says for each when it comes and what to do, in a form that fits a table', () => {
    for (const { codes } of CATALOGUES)
      for (const [code, { status, when, remedy }] of Object.entries(codes)) {
        expect(code).toMatch(/^[a-z]+(\.[a-z_]+)?$/);
        expect([code, status >= 400 && status < 600]).toEqual([code, true]);
        expect(when).toMatch(/^[^|\n]{10,}\.$/);
        expect(remedy).toMatch(/^[^|\n]{5,}[^.]$/);
      }
  });
});
