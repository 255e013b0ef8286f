import { describe, expect, it } from '@jest/globals';
import ts from 'typescript';
import { committedFiles, read } from './files.js';

/** What a text begins with that is a statement, and no sentence. */
const STATEMENT =
  /^\s*(?:select\s(?=[\s\S]*\sfrom\s)|select\s+[\w.]+\(|insert\s+into\s|update\s+"?\w+"?\s+set\s|delete\s+from\s|with\s+\w+\s+as\s|(?:create|alter|drop)\s+(?:table|index|view)\s|pragma\s)/i;

/** Statements, and calls of `execute`, as `line: what`. */
function sqlIn(text: string, path = 'planted.ts'): string[] {
  const source = ts.createSourceFile(path, text, ts.ScriptTarget.Latest, true);
  const found: string[] = [];
  const note = (node: ts.Node, what: string): void => {
    const { line } = source.getLineAndCharacterOfPosition(node.getStart(source));
    found.push(`${path}:${line + 1}: ${what}`);
  };
  const visit = (node: ts.Node): void => {
    if (ts.isStringLiteralLike(node) && STATEMENT.test(node.text)) note(node, 'a statement');
    // What is put into a template is an expression of its own; a name in its place keeps the words around it
    // apart.
    if (ts.isTemplateExpression(node)) {
      const words = [node.head.text, ...node.templateSpans.map(({ literal }) => literal.text)].join('x');
      if (STATEMENT.test(words)) note(node, 'a statement');
    }
    if (
      ts.isCallExpression(node) &&
      ts.isPropertyAccessExpression(node.expression) &&
      node.expression.name.text === 'execute'
    )
      note(node, 'a call of execute');
    ts.forEachChild(node, visit);
  };
  visit(source);
  return found;
}

describe('SQL', () => {
  it('stands in libs/db alone: everybody else asks by name', () => {
    const files = committedFiles().filter(
      (path) =>
        /^(apps|libs)\/.*\.ts$/.test(path) && !path.startsWith('libs/db/') && !/[.-]spec\.ts$/.test(path),
    );
    expect(files.length).toBeGreaterThan(80);
    expect(files.flatMap((path) => sqlIn(read(path), path))).toEqual([]);
  });

  it('is recognised where it stands in libs/db', () => {
    for (const name of ['claims', 'leases', 'machines', 'hosts', 'scripts'])
      expect(sqlIn(read(`libs/db/queries/${name}.ts`)).join()).toContain('a statement');
  });

  it.each([
    "work.execute('update script set version = version + 1 where id = ?')",
    'work.execute<Row[]>(statement)',
    'const text = `select id from machine where host_id = ?${more}`;',
    'const text = `\n  with due as materialized (select 1) update x set y = 1`;',
    'const text = `update ${table} set a = 1`;',
    "const text = 'DELETE FROM media';",
  ])('is found in %j', (text) => {
    expect(sqlIn(text)).not.toEqual([]);
  });

  it.each([
    '// select id from machine\nconst a = 1;',
    "const text = 'select one of the media above';",
    "const text = 'update the agent, then set it up';",
    "const text = 'with this medium as it is';",
    'prepared.run();',
  ])('is not seen in %j', (text) => {
    expect(sqlIn(text)).toEqual([]);
  });
});
