import ts from 'typescript';
import { expect, it } from '@jest/globals';
import { committedFiles, read } from './files.js';

/** A text of more lines is a document of its own, which its language's tools should see. */
const MAX_LINES = 4;

/** What programs alone begin with or set, however short they are. */
const PROGRAM = /^#!\/|^@echo off|\$ErrorActionPreference|^Option Explicit.*\n|^\[Unit\]|^set -[eu]+\n/m;

/**
 * Documents, not programs, that stand where they are filled in: the file, how the text begins, and what it
 * is.
 */
const DOCUMENTS: [path: string, begins: string, what: string][] = [
  ['apps/cli/exit-codes.ts', '\nExit codes:', 'help'],
  ['apps/media/deliveries/boot-menu.ts', 'default automatic\n', 'settings of ISOLINUX'],
  ['apps/media/families/kickstart/kickstart.ts', '# For ', 'an answer file'],
  ['apps/media/families/linux/rpm-settings.ts', '[', 'settings of dnf'],
];

interface Found {
  path: string;
  line: number;
  text: string;
}

/**
 * Texts in a source that are too long, or that are a program; what is computed inside of a template is no
 * part of its text.
 */
function programsIn(path: string, source: string): Found[] {
  const file = ts.createSourceFile(path, source, ts.ScriptTarget.Latest, true);
  const found: Found[] = [];
  const visit = (node: ts.Node): void => {
    let text: string | undefined;
    if (ts.isStringLiteralLike(node)) text = node.text;
    else if (ts.isTemplateExpression(node))
      text = [node.head.text, ...node.templateSpans.map(({ literal }) => literal.text)].join('');
    if (text !== undefined && (text.split('\n').length - 1 > MAX_LINES || PROGRAM.test(text)))
      found.push({ path, line: file.getLineAndCharacterOfPosition(node.getStart(file)).line + 1, text });
    ts.forEachChild(node, visit);
  };
  visit(file);
  return found;
}

const isDocument = ({ path, text }: Found): boolean =>
  DOCUMENTS.some(([where, begins]) => path === where && text.startsWith(begins));

it('no string of the apps holds a program: scripts are files', () => {
  const sources = committedFiles().filter((path) => /^apps\/.*(?<!spec)\.ts$/.test(path));
  expect(sources.length).toBeGreaterThan(100);
  const found = sources.flatMap((path) => programsIn(path, read(path)));
  expect(found.filter((one) => !isDocument(one)).map(({ path, line }) => `${path}:${line}`)).toEqual([]);
  // What is let off is still there.
  for (const [path, begins] of DOCUMENTS)
    expect([path, found.some((one) => one.path === path && one.text.startsWith(begins))]).toEqual([
      path,
      true,
    ]);
});

it.each([
  ['sh', 'const a = `umask 077\nmkdir -p ${folder}\nrm -f x\nif [ -e x ]; then\n  echo\nfi\n`;'],
  ['a raw template', 'const a = String.raw`one\ntwo\nthree\nfour\nfive\n`;'],
  ['a string', "const a = 'if (1) {\\n1\\n2\\n3\\n4\\n}';"],
  ['a short script', 'const a = `#!/bin/sh\nexit 1\n`;'],
  ['a batch file', "const a = '@echo off\\r\\n';"],
  ['statements that are put together elsewhere', "const a = ['$ErrorActionPreference = 1', 'exit $code'];"],
  ['a unit', 'const unit = `[Unit]\nDescription=${x}\n`;'],
])('a program is found in %s', (_what, source) => {
  expect(programsIn('apps/media/planted.ts', source)).toHaveLength(1);
  expect(programsIn('apps/media/planted.ts', source).filter((one) => !isDocument(one))).toHaveLength(1);
});

it('a text whose lines come from elsewhere is no program', () => {
  expect(programsIn('a.ts', "const a = `x${[1, 2, 3]\n.map(\n(n) =>\nn + 1,\n)\n.join('\\n')}y`;")).toEqual(
    [],
  );
});
