import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
// The same file makes it for `npm test`.
import { installPythonTool } from '../../../scripts/python-tools.mjs';
import { command } from '../processes/commands.js';

const program = (name: string): string => join(installPythonTool('pykickstart'), 'bin', name);

/**
 * Runs the vendor's validator. @param syntax e.g. `RHEL9` @returns its exit code, 0 for a file that the
 * release takes, and what it said
 */
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

/** What a release's parser of one command says of its options and of the words beside them. */
export interface CommandFacts {
  name: string;
  deprecated: boolean;
  options: { name: string; value: 'none' | 'must' | 'may'; required: boolean }[];
  /**
   * argparse's `nargs` of each word that stands beside the options; null: the command reads them by itself.
   */
  words: (number | '?' | '*' | null)[] | null;
}

const COMMANDS = `
import json, sys, warnings
from pykickstart.base import DeprecatedCommand, RemovedCommand
from pykickstart.parser import KickstartParser
from pykickstart.version import makeVersion
warnings.simplefilter("ignore")

def facts(name, parser, deprecated):
    actions = parser._actions if parser else []
    return {
        "name": name, "deprecated": deprecated,
        "options": [{"name": option[2:], "value": "none" if a.nargs == 0 else "may" if a.nargs == "?" else "must", "required": a.required}
                    for a in actions for option in a.option_strings if option.startswith("--")],
        "words": [a.nargs for a in actions if not a.option_strings] if parser else None,
    }

result = {}
for syntax in json.load(sys.stdin):
    handler = makeVersion(syntax)
    rows = [facts(name, getattr(command, "op", None), isinstance(command, DeprecatedCommand))
            for name, command in handler.commands.items() if command and not isinstance(command, RemovedCommand)]
    section = KickstartParser(handler)._sections["%packages"]
    result[syntax] = rows + [facts("%packages", section._getParser(), False)]
json.dump(result, sys.stdout)
`;

/** All commands of each release, and the options of its \`%packages\`. */
export function commandFacts(syntaxes: readonly string[]): Record<string, CommandFacts[]> {
  const { status, stdout, stderr } = spawnSync(program('python'), ['-c', COMMANDS], {
    input: JSON.stringify(syntaxes),
    encoding: 'utf8',
    timeout: 60_000,
  });
  if (status !== 0) throw new Error(`pykickstart's commands cannot be read: ${stderr}`);
  return JSON.parse(stdout) as Record<string, CommandFacts[]>;
}

/** @throws Error when the tool cannot be made */
export const pykickstartVersion = (): string =>
  command(program('python'), [
    '-c',
    'import importlib.metadata as m; print(m.version("pykickstart"))',
  ]).trim();
