import { spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';

const root = resolve(import.meta.dirname, '../..');
const DOCUMENT = join(root, 'docs/openapi/console.json');

/** Redocly's linter by the recommended rules, without its network: warnings count. */
function lint(document: string, folder: string): { errors: number; warnings: number; rules: string[] } {
  const { stdout, stderr } = spawnSync(
    process.execPath,
    [join(root, 'node_modules/@redocly/cli/bin/cli.js'), 'lint', document, '--format=json'],
    {
      cwd: folder,
      encoding: 'utf8',
      env: { ...process.env, REDOCLY_TELEMETRY: 'off', REDOCLY_SUPPRESS_UPDATE_NOTICE: 'true' },
    },
  );
  const begin = stdout.indexOf('{');
  if (begin < 0) throw new Error(`redocly lint printed no report:\n${stdout}${stderr}`);
  const { totals, problems } = JSON.parse(stdout.slice(begin)) as {
    totals: { errors: number; warnings: number };
    problems: { ruleId: string }[];
  };
  return { ...totals, rules: problems.map(({ ruleId }) => ruleId) };
}

describe('docs/openapi/console.json', () => {
  let folder: string;
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'infinibay-document-'));
    cpSync(join(root, 'redocly.yaml'), join(folder, 'redocly.yaml'));
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  it('has neither error nor warning by the recommended rules', () => {
    expect(lint(DOCUMENT, folder)).toMatchObject({ errors: 0, warnings: 0, rules: [] });
  });

  it('would have one for an operation without its name', () => {
    const document = JSON.parse(readFileSync(DOCUMENT, 'utf8')) as {
      paths: Record<string, { get: { operationId?: string } }>;
    };
    delete document.paths['/api/machines']?.get.operationId;
    const broken = join(folder, 'broken.json');
    writeFileSync(broken, JSON.stringify(document));
    expect(lint(broken, folder).rules).toEqual(['operation-operationId']);
  });
});
