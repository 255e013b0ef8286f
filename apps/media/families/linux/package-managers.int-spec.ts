import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { mediaRequest } from '../../../../test/support/media/media.js';
import { SEED_INSTALL } from '../../../../test/support/media/seeds.js';
import { PackageMachine } from '../../../../test/support/installers/package-machine.js';
import { command } from '../../../../test/support/processes/commands.js';
import { APT, DNF, type Distribution } from './distribution.js';
import { packageFiles } from './packages.js';

/** The package step with the real package managers, on systems of their own and sources in a folder. */
let machine: PackageMachine;
beforeEach(() => {
  machine = new PackageMachine([]);
});
afterEach(() => machine.remove());

/** What is told to be missing. */
async function missing(more: object, distribution: Distribution): Promise<string[]> {
  const [script] = packageFiles(mediaRequest({ source: 'cloud-image', ...more }), SEED_INSTALL, distribution);
  if (!script) throw new Error('there is no package step');
  expect(await machine.run(script, 'dash')).toEqual({ code: 0, output: '' });
  const log = machine.read('var/log/infinibay-packages.log');
  return [...log.matchAll(/warning: the package (\S+) is not installed/g)].map(([, name = '']) => name);
}

describe('dnf', () => {
  const SPEC = `Name: alpha
Version: 1
Release: 1
Summary: It needs nothing
License: MIT
BuildArch: noarch
Provides: capability
%description
%package -n beta
Summary: Of a group
%description -n beta
%package -n gamma
Summary: It needs what nobody has
Requires: not-anywhere
%description -n gamma
%files
%files -n beta
%files -n gamma
`;
  const GROUPS = `<comps><group><id>tools</id><name>Tools</name><description/><default>false</default><uservisible>true</uservisible>
<packagelist><packagereq type="mandatory">beta</packagereq></packagelist></group></comps>`;

  beforeEach(() => {
    const { root } = machine;
    machine.write('build/alpha.spec', SPEC);
    machine.write('build/groups.xml', GROUPS);
    command('rpmbuild', ['--quiet', '--define', `_topdir ${root}/build`, '-bb', `${root}/build/alpha.spec`]);
    command('createrepo_c', ['-q', '-g', `${root}/build/groups.xml`, `${root}/build/RPMS`]);
    machine.write(
      'repos/mirror.repo',
      `[infinibay-mirror]\nname=mirror\nbaseurl=file://${root}/build/RPMS\ngpgcheck=0\n`,
    );
    // Nobody listens there, and it says that this is an error.
    machine.write(
      'repos/away.repo',
      '[away]\nname=away\nbaseurl=http://127.0.0.1:1/\ngpgcheck=0\nskip_if_unavailable=False\n',
    );
    machine.program(
      'dnf',
      '#!/bin/sh\nexec /usr/bin/dnf --installroot=@ROOT@/system --releasever=9 --setopt=reposdir=@ROOT@/repos "$@"\n',
    );
    machine.program('rpm', '#!/bin/sh\nexec /usr/bin/rpm --root=@ROOT@/system "$@"\n');
  });
  const installed = (): string[] =>
    // As the script runs it: Debian's rpm asks bash, which the machine has not, where its database is.
    command('/usr/bin/rpm', [`--root=${machine.root}/system`, '-qa', '--qf', '%{name}\n'], {
      env: { PATH: join(machine.root, 'bin') },
    })
      .split('\n')
      .slice(0, -1)
      .sort();
  const rocky = { os: { family: 'rocky', version: '9' }, mirror: 'http://mirror.example/' };

  it('installs what the mirror has, past what is unknown, broken or away', async () => {
    const packages = ['capability', 'no-such', 'gamma', '@tools', '@nobody'];
    expect(await missing({ ...rocky, packages, locale: 'de-DE' }, DNF)).toEqual([
      'glibc-langpack-de',
      'no-such',
      'gamma',
      '@nobody',
    ]);
    expect(installed()).toEqual(['alpha', 'beta']);
  }, 240_000);

  it('asks nobody but the mirror when that has all', async () => {
    expect(await missing({ ...rocky, packages: ['alpha'] }, DNF)).toEqual([]);
    expect(machine.read('var/log/infinibay-packages.log')).not.toContain('away');
    expect(installed()).toEqual(['alpha']);
  }, 120_000);
});

describe('apt', () => {
  /** A package of no files; its fields end in a line break. */
  function deb(name: string, more = ''): string {
    const { root } = machine;
    const control = `Package: ${name}\nVersion: 1\nArchitecture: all\nMaintainer: nobody <nobody@example.com>\n${more}Description: ${name}\n`;
    machine.write(`build/${name}/DEBIAN/control`, control);
    const file = join(root, 'debs', `${name}.deb`);
    command('dpkg-deb', ['--root-owner-group', '--build', `${root}/build/${name}`, file]);
    const sum = createHash('sha256').update(readFileSync(file)).digest('hex');
    return `${control}Filename: ./${name}.deb\nSize: ${statSync(file).size}\nSHA256: ${sum}\n\n`;
  }

  beforeEach(() => {
    const { root } = machine;
    mkdirSync(join(root, 'debs'));
    for (const folder of ['info', 'updates', 'triggers'])
      mkdirSync(join(root, 'system/var/lib/dpkg', folder), { recursive: true });
    for (const folder of [
      'var/lib/apt/lists/partial',
      'var/cache/apt/archives/partial',
      'var/log/apt',
      'etc/apt',
      'etc/apt/preferences.d',
    ])
      mkdirSync(join(root, 'system', folder), { recursive: true });
    machine.write('system/var/lib/dpkg/status', '');
    writeFileSync(
      join(root, 'debs/Packages'),
      deb('alpha') + deb('beta', 'Provides: capability\n') + deb('gamma', 'Depends: not-anywhere\n'),
    );
    machine.write('system/etc/apt/sources.list', `deb [trusted=yes] file:${root}/debs ./\n`);
    machine.write(
      'apt.conf',
      [
        `Dir "${root}/system";`,
        `Dir::State::status "${root}/system/var/lib/dpkg/status";`,
        'Dir::Bin::methods "/usr/lib/apt/methods";',
        `DPkg::Options { "--root=${root}/system"; };`,
        'APT::Sandbox::User "root";',
        '',
      ].join('\n'),
    );
    machine.program('apt-get', '#!/bin/sh\nAPT_CONFIG=@ROOT@/apt.conf exec /usr/bin/apt-get "$@"\n');
    machine.program(
      'dpkg-query',
      '#!/bin/sh\nexec /usr/bin/dpkg-query --admindir=@ROOT@/system/var/lib/dpkg "$@"\n',
    );
  });

  it('installs what its sources have, past what is unknown or broken', async () => {
    const packages = ['alpha', 'no-such', 'gamma', 'capability'];
    expect(await missing({ packages }, APT)).toEqual(['no-such', 'gamma']);
    const admin = `--admindir=${machine.root}/system/var/lib/dpkg`;
    expect(command('dpkg-query', [admin, '-W', '-f', '${Package} ${db:Status-Status}\n'])).toBe(
      'alpha installed\nbeta installed\n',
    );
  }, 120_000);
});
