import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { command } from '../../../../test/support/processes/commands.js';
import { mediaRequest } from '../../../../test/support/media/media.js';
import { SEED_INSTALL } from '../../../../test/support/media/seeds.js';
import { PackageMachine } from '../../../../test/support/installers/package-machine.js';
import { EventServer } from '../../../../test/support/servers/event-server.js';
import { type AgentInstall, installSettings, type MachineFile, packagesDone } from './agent-files.js';
import { APT, DNF } from './distribution.js';
import { packageFiles } from './packages.js';

const TOKEN = 'token_0123456789';
const DONE = packagesDone(SEED_INSTALL.mediumId);
const LOG = 'var/log/infinibay-packages.log';
const events = new EventServer();
let install: AgentInstall = SEED_INSTALL;
let machine: PackageMachine;

beforeAll(async () => {
  install = {
    ...SEED_INSTALL,
    source: 'cloud-image',
    reporting: { url: await events.listen(), token: TOKEN },
  };
});
beforeEach(() => {
  events.reports.length = 0;
});
afterEach(() => machine.remove());
afterAll(() => events.close());

function start(available: readonly string[], more: { mirror?: readonly string[]; dnf?: string } = {}): void {
  machine = new PackageMachine(available, more);
  machine.attach(installSettings(install));
  machine.installAgent();
}

const ubuntu = (packages: readonly string[]): MachineFile[] =>
  packageFiles(mediaRequest({ source: 'cloud-image', packages }), install, APT);
const rocky = (more: object): MachineFile[] =>
  packageFiles(
    mediaRequest({ os: { family: 'rocky', version: '9' }, source: 'cloud-image', ...more }),
    install,
    DNF,
  );
const script = (files: MachineFile[]): MachineFile => {
  const [file] = files;
  if (!file) throw new Error('there is no package step');
  return file;
};
const run = async (files: MachineFile[], shell = 'dash'): Promise<void> => {
  expect(await machine.run(script(files), shell)).toEqual({ code: 0, output: '' });
};
/** Names that a call asks for. */
const asked = (call: string): string[] =>
  (/ install (?:-- )?(.*)$/.exec(call)?.[1] ?? '').split(' ').filter((word) => !word.startsWith('-'));
const TOLD_AFTER = `install --finished\n`;

it.each([
  ubuntu(['nginx']),
  rocky({ packages: ['nginx', '@tools'], locale: 'de-DE', mirror: 'http://mirror.example/' }),
])('is a script that shellcheck takes and a unit that systemd takes', (file, unit) => {
  start([]);
  machine.write('packages.sh', file?.content ?? '');
  command('shellcheck', [join(machine.root, 'packages.sh')]);
  machine.write('infinibay-packages.service', unit?.content.replaceAll(file?.path ?? '', '/bin/true') ?? '');
  command('systemd-analyze', ['verify', '--man=no', join(machine.root, 'infinibay-packages.service')]);
});

it('is not there when nothing was asked for', () => {
  start([]);
  expect(ubuntu([])).toEqual([]);
  expect(rocky({ packages: [], locale: 'en-GB' })).toEqual([]);
  expect(rocky({ packages: [], locale: 'de-DE' })).toHaveLength(2);
});

it('holds no secret', () => {
  start([]);
  for (const { content } of [...ubuntu(['nginx']), ...rocky({ packages: ['nginx'] })])
    for (const secret of [TOKEN, install.channelSecret ?? '', install.reporting?.url ?? ''])
      expect(content).not.toContain(secret);
});

describe.each(['dash', 'bash'])('the package step in %s', (shell) => {
  it('installs all at once by apt, tells the agent after its mark, and reports nothing', async () => {
    start(['nginx', 'curl']);
    await run(ubuntu(['nginx', 'curl']), shell);
    expect(machine.installed()).toEqual(['nginx', 'curl']);
    expect(machine.calls().map((call) => call.replace(/ -o \S+/g, ''))).toEqual([
      'apt-get -y -q update',
      'apt-get -y -q --download-only install -- nginx curl',
      'apt-get -y -q install -- nginx curl',
    ]);
    expect(machine.calls()[2]).toContain('-o DPkg::Lock::Timeout=300');
    expect(machine.read('told')).toBe(`told after ${machine.root}${DONE}\n${TOLD_AFTER}`);
    expect(events.reports).toEqual([]);
  });

  it('keeps no package of apt from being installed for another that is unknown, and says which', async () => {
    start(['nginx', 'curl']);
    await run(ubuntu(['nginx', 'no-such', 'curl']), shell);
    expect(machine.installed().sort()).toEqual(['curl', 'nginx']);
    expect(events.bodies()).toEqual([
      expect.objectContaining({ phase: 'packages', warnings: ['the package no-such is not installed'] }),
    ]);
    expect(machine.read(LOG)).toMatch(/^\S+Z warning: the package no-such is not installed$/m);
    expect(machine.read('told')).toContain(TOLD_AFTER);
    // Once more after a while, for a source may be busy.
    expect(machine.calls().filter((call) => call.startsWith('sleep'))).toEqual(['sleep 15']);
  });

  it('leaves out what dnf does not know, and asks for the language apart', async () => {
    start(['nginx', '@tools']);
    await run(rocky({ packages: ['nginx', 'no-such', '@tools', '@nobody'], locale: 'de-DE' }), shell);
    expect(machine.installed().sort()).toEqual(['@tools', 'nginx']);
    expect(events.bodies()[0]?.['warnings']).toEqual([
      'the package glibc-langpack-de is not installed',
      'the package no-such is not installed',
      'the package @nobody is not installed',
    ]);
    for (const call of machine.calls()) {
      if (call.startsWith('sleep')) continue;
      if (asked(call).includes('glibc-langpack-de')) expect(asked(call)).toEqual(['glibc-langpack-de']);
      if (asked(call).some((name) => !name.startsWith('@'))) expect(call).toContain('--setopt=strict=0');
      expect(call).toContain('--setopt=*.skip_if_unavailable=1');
      expect(call).not.toContain('--repo=');
    }
  });
});

it('speaks to dnf5 in its own words', async () => {
  start(['nginx'], { dnf: 'dnf5 version 5.2.12.0\n' });
  await run(rocky({ packages: ['nginx', 'no-such'] }));
  expect(machine.installed()).toEqual(['nginx']);
  expect(machine.calls()[0]).toContain(' install --skip-unavailable --skip-broken --downloadonly ');
});

it('asks the mirror first and others for what it does not have alone', async () => {
  start(['nginx', 'epel-release'], { mirror: ['nginx'] });
  await run(rocky({ packages: ['nginx', 'epel-release'], mirror: 'http://mirror.example/' }));
  const [first = '', ...others] = machine.calls();
  expect(first).toContain('--repo=infinibay-mirror*');
  expect(asked(first)).toEqual(['nginx', 'epel-release']);
  expect(others.filter((call) => !call.includes('--repo=')).map(asked)).toEqual([
    ['epel-release'],
    ['epel-release'],
  ]);
  expect(machine.installed()).toEqual(['nginx', 'epel-release']);
  expect(events.reports).toEqual([]);
});

it('begins nothing after its nine minutes, and tells the end all the same', async () => {
  start(['nginx', 'curl']);
  machine.write('takes', '600.00 1.00\n');
  await run(ubuntu(['nginx', 'curl']));
  expect(machine.calls()).toHaveLength(1);
  expect(machine.installed()).toEqual([]);
  expect(machine.read('told')).toContain(TOLD_AFTER);
  expect(events.bodies()[0]?.['warnings']).toHaveLength(2);
});

it('may end before the agent is there: the mark stays for whoever installs it', async () => {
  start(['nginx']);
  machine.uninstallAgent();
  await run(ubuntu(['nginx']));
  expect(machine.read('told')).toBe('');
  expect(machine.has(DONE)).toBe(true);
});

it('is done once for each medium', async () => {
  start(['nginx', 'curl']);
  machine.write(DONE.slice(1), '');
  await run(ubuntu(['nginx']));
  expect(machine.calls()).toEqual([]);
  install = { ...install, mediumId: 'another' };
  machine.attach(installSettings(install));
  await run(ubuntu(['nginx']));
  expect(machine.installed()).toEqual(['nginx']);
  install = { ...install, mediumId: SEED_INSTALL.mediumId };
});

it('reports by its own medium alone, and leaves none of its settings', async () => {
  start([]);
  machine.attach(installSettings({ ...install, mediumId: 'another' }));
  await run(ubuntu(['nginx']));
  expect(events.reports).toEqual([]);
  expect(machine.read('told')).toContain(TOLD_AFTER);
  expect(command('find', [machine.root, '-name', '*.env', '-not', '-path', '*/by-label/*'])).toBe('');
});

it('takes a package for there that another one provides, and none that is there by half', async () => {
  start(['broken']);
  machine.write('installed', 'mawk awk (= 1), other\n');
  await run(ubuntu(['awk', 'other', 'mawk']));
  expect(machine.calls()).toEqual([]);
  machine.write('calls', '');
  machine.remove();
  start(['nothing']);
  await run(ubuntu(['broken']));
  expect(events.bodies()[0]?.['warnings']).toEqual(['the package broken is not installed']);
});
