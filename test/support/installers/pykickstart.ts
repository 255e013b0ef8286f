import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
// The same file makes it for `npm test`.
import { installPythonTool } from '../../../scripts/python-tools.mjs';
import { command } from '../processes/commands.js';

const program = (name: string): string => join(installPythonTool('pykickstart'), 'bin', name);

/** Runs the vendor's validator. @param syntax e.g. `RHEL9` @returns its exit code, 0 for a file that the release takes, and what it said */
export function ksvalidator(syntax: string, file: string): { status: number | null; said: string } {
  const { status, stdout, stderr } = spawnSync(program('ksvalidator'), ['-v', syntax, file], {
    encoding: 'utf8',
    timeout: 60_000,
  });
  return { status, said: stdout + stderr };
}

export interface KickstartScript {
  /** As pykickstart counts: 0 %pre, 1 %post, 2 %traceback, 3 %pre-install, 4 %onerror. */
  type: number;
  text: string;
  interpreter: string;
  log: string | null;
  inChroot: boolean;
  errorOnFail: boolean;
}

export interface ParsedKickstart {
  /** What it refused, or null. */
  error: string | null;
  users: { name: string; password: string; isCrypted: boolean; groups: string[] }[];
  sshKeys: { username: string; key: string }[];
  url: string | null;
  proxy: string | null;
  packages: string[];
  environment: string | null;
  scripts: KickstartScript[];
}

/** One process for many files; warnings are errors, as for ksvalidator. */
const PARSE = `
import json, sys, warnings
from pykickstart.errors import KickstartError, KickstartParseWarning
from pykickstart.parser import KickstartParser
from pykickstart.version import makeVersion
warnings.filterwarnings(action="error", category=KickstartParseWarning)
results = []
for syntax, text in json.load(sys.stdin):
    handler = makeVersion(syntax)
    parser = KickstartParser(handler, missingIncludeIsFatal=False)
    error = None
    try:
        parser.readKickstartFromString(text)
    except (KickstartError, KickstartParseWarning) as fault:
        error = str(fault)
    results.append({
        "error": error,
        "users": [{"name": u.name, "password": u.password, "isCrypted": u.isCrypted, "groups": u.groups} for u in handler.user.userList],
        "sshKeys": [{"username": k.username, "key": k.key} for k in handler.sshkey.sshUserList],
        "url": handler.url.url,
        "proxy": handler.url.proxy,
        "packages": handler.packages.packageList,
        "environment": handler.packages.environment,
        "scripts": [{"type": s.type, "text": s.script, "interpreter": s.interp, "log": s.logfile,
                     "inChroot": s.inChroot, "errorOnFail": s.errorOnFail} for s in handler.scripts],
    })
json.dump(results, sys.stdout)
`;

/** Reads kickstarts with pykickstart's own parser, as Anaconda does. */
export function parseKickstarts(files: { syntax: string; text: string }[]): ParsedKickstart[] {
  const { status, stdout, stderr } = spawnSync(program('python'), ['-c', PARSE], {
    input: JSON.stringify(files.map(({ syntax, text }) => [syntax, text])),
    encoding: 'utf8',
    maxBuffer: 256 * 1024 * 1024,
    timeout: 120_000,
    env: { PATH: process.env['PATH'], PYTHONIOENCODING: 'utf-8', PYTHONUTF8: '1' },
  });
  if (status !== 0) throw new Error(`the parser of kickstarts failed: ${stderr}`);
  return JSON.parse(stdout) as ParsedKickstart[];
}

/** @throws Error when the tool cannot be made */
export const pykickstartVersion = (): string =>
  command(program('python'), [
    '-c',
    'import importlib.metadata as m; print(m.version("pykickstart"))',
  ]).trim();
