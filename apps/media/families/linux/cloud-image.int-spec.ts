import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, describe, expect, it } from '@jest/globals';
import { parse } from 'yaml';
import type { MediaRequest } from '#protocol';
import { command } from '../../../../test/support/processes/commands.js';
import {
  fullRequest,
  KICKSTART_RELEASES,
  leastRequest,
  SEED_INSTALL,
} from '../../../../test/support/media/seeds.js';
import { mediaRequest } from '../../../../test/support/media/media.js';
import { agentFiles } from './agent-files.js';
import { cloudSeed } from './cloud-config.js';
import { DNF } from './distribution.js';

const folder = mkdtempSync(join(tmpdir(), 'infinibay-cloud-image-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const save = (name: string, text: string): string => {
  mkdirSync(dirname(join(folder, name)), { recursive: true });
  writeFileSync(join(folder, name), text, { mode: 0o600 });
  return join(folder, name);
};
/** Two of a kind differ in their version only. */
const CLOUD = { instanceId: 'm', distribution: DNF };
const RELEASES = KICKSTART_RELEASES.filter(({ version }) => ['41', '43', '8', '10'].includes(version));
const file = (release: (typeof RELEASES)[number], name: string): string =>
  cloudSeed(fullRequest(release, 'cloud-image'), SEED_INSTALL, CLOUD).find((one) => one.name === name)
    ?.content ?? '';

const least = { os: { family: 'rocky', version: '9' }, source: 'cloud-image' };
const userData = (request: MediaRequest): string =>
  cloudSeed(request, SEED_INSTALL, CLOUD).find(({ name }) => name === 'user-data')?.content ?? '';
const written = (config: Record<string, unknown>, path: string): string | undefined =>
  (config['write_files'] as { path: string; content: string }[]).find((one) => one.path === path)?.content;

describe('the seed of a cloud image of the Fedora family', () => {
  it("is valid to cloud-init's schema, which can refuse", () => {
    for (const release of RELEASES) {
      const least = cloudSeed(leastRequest(release, 'cloud-image'), SEED_INSTALL, CLOUD)[0]?.content ?? '';
      for (const text of [file(release, 'user-data'), least])
        expect(command('cloud-init', ['schema', '--config-file', save('user-data', text)])).toMatch(/Valid/i);
    }
    const wrong = file(RELEASES[0] as (typeof RELEASES)[number], 'user-data').replace(
      'bootcmd:',
      'bootcmds:',
    );
    const yum = wrong.replace('write_files:', 'write_files: 7\nwrite:');
    expect(spawnSync('cloud-init', ['schema', '--config-file', save('wrong', yum)]).status).not.toBe(0);
  }, 120_000);

  it('puts users, keys and the keyboard in the words of that family, and packages nowhere before the agent', () => {
    for (const release of RELEASES) {
      const config = parse(file(release, 'user-data')) as Record<string, unknown>;
      expect(config['users']).toEqual([
        expect.objectContaining({ name: 'ada', groups: ['wheel'], sudo: 'ALL=(ALL:ALL) ALL' }),
        expect.not.objectContaining({ groups: expect.anything() as unknown }),
        expect.objectContaining({ name: 'ops', groups: ['wheel'], sudo: 'ALL=(ALL) NOPASSWD:ALL' }),
      ]);
      for (const key of ['apt', 'keyboard', 'packages', 'package_update'])
        expect(config).not.toHaveProperty(key);
      expect(written(config, '/etc/vconsole.conf')).toBe('KEYMAP="de-nodeadkeys"\nFONT="eurlatgr"\n');
      expect(JSON.stringify(config)).not.toContain('sudo"]');
    }
  });

  it('starts the agent first and waits for neither', () => {
    const commands = (more: object): unknown =>
      (parse(userData(mediaRequest({ ...least, ...more }))) as { runcmd: unknown }).runcmd;
    const console = ['systemctl', '--no-block', 'try-restart', 'systemd-vconsole-setup.service'];
    const reload = ['systemctl', 'daemon-reload'];
    const start = (unit: string): string[] => ['systemctl', 'start', '--no-block', unit];
    expect(commands({ packages: ['nginx'] })).toEqual([
      console,
      reload,
      ['systemctl', 'enable', 'infiniservice-install.service', 'infinibay-packages.service'],
      start('infiniservice-install.service'),
      start('infinibay-packages.service'),
    ]);
    expect(commands({ keyboard: { layout: 'ru' } })).toEqual([
      reload,
      ['systemctl', 'enable', 'infiniservice-install.service'],
      start('infiniservice-install.service'),
    ]);
  });

  it('has proxy and sources set once, before packages are asked for', () => {
    const { bootcmd } = parse(file(RELEASES[0] as (typeof RELEASES)[number], 'user-data')) as {
      bootcmd: string[][];
    };
    const [[program, frequency, name, shell, option, text = ''] = []] = bootcmd;
    expect([program, frequency, name, shell, option]).toEqual([
      'cloud-init-per',
      'instance',
      'infinibay-dnf',
      'sh',
      '-c',
    ]);
    const conf = save('etc/dnf/dnf.conf', '[main]\nskip_if_unavailable=False\nbest=True\n');
    const repo = save('etc/yum.repos.d/away.repo', '[away]\nskip_if_unavailable = False\nenabled=1\n');
    command('sh', ['-c', text.replaceAll('/etc/', `${folder}/etc/`)]);
    expect(readFileSync(conf, 'utf8')).toBe(
      '[main]\nbest=True\nskip_if_unavailable=1\nproxy=http://proxy.example:3128\n',
    );
    expect(readFileSync(repo, 'utf8')).toBe('[away]\nenabled=1\n');
  });

  it('puts scripts and units on the machine that shellcheck and systemd take', () => {
    const { places } = DNF;
    for (const { path, content } of agentFiles(SEED_INSTALL, places)) {
      const saved = save(`machine${path}`, content);
      if (path === places.script) command('shellcheck', [saved]);
      if (!path.endsWith('.service')) continue;
      writeFileSync(saved, content.replaceAll(places.script, '/bin/true'));
      const { stderr } = spawnSync('systemd-analyze', ['verify', '--man=no', saved], { encoding: 'utf8' });
      expect(stderr).not.toContain('infiniservice-install.service:');
    }
  });
});
