import { execFileSync, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { parse, stringify } from 'yaml';
import type { MediaRequest } from '#protocol';
import { command } from '../../../../test/support/processes/commands.js';
import { FULL_REQUEST, mediaRequest } from '../../../../test/support/media/media.js';
import { agentFiles, INSTALL_SCRIPT, INSTALL_SETTINGS, UBUNTU_PLACES } from '../linux/agent-files.js';
import { mediaPlan } from '../../plan/plan.js';
import { netplan } from '../linux/network-config.js';
import { FAMILIES } from '../family.js';
import type { SeedFile } from '../seed-file.js';
import { UBUNTU_LEFTOVERS } from './commands.js';
import { readIso } from '../../vendor/iso9660.js';
import { writeSeedFolder } from '../../image/seed-folder.js';
import { makeSeedImage } from '../../image/iso.js';

const hash = (text: string): string => createHash('sha256').update(text).digest('hex');
const INSTALL = {
  vmId: FULL_REQUEST.vmId,
  mediumId: 'm',
  source: 'installer' as const,
  rhsm: null,
  distributionUrl: 'http://127.0.0.1:1',
  pins: { binarySha256: hash('binary'), scriptSha256: hash('script'), version: '0.1.0' },
  channelSecret: 'c'.repeat(64),
  reporting: null,
};

const ubuntuSeed = (request: MediaRequest): SeedFile[] =>
  FAMILIES.ubuntu.seed(request, INSTALL, { mediaId: 'm', passwords: new Map() });

/** The vendors' own tools judge what goes onto a seed. */
describe('a seed', () => {
  const folder = mkdtempSync(join(tmpdir(), 'infinibay-seed-'));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  const save = (name: string, text: string): string => {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), text);
    return join(folder, name);
  };
  const content = (more: object, name: string): string =>
    ubuntuSeed(mediaRequest({ ...FULL_REQUEST, ...more })).find((file) => file.name === name)?.content ?? '';

  it.each(['cloud-image', 'installer'])(
    "for %s is valid to cloud-init's schema",
    (source) => {
      for (const users of [FULL_REQUEST.users, []]) {
        const file = save(`${source}.yaml`, content({ source, users }, 'user-data'));
        expect(command('cloud-init', ['schema', '--config-file', file])).toMatch(/Valid/i);
      }
      // What Subiquity hands on is judged by the same schema.
      const { autoinstall } = parse(content({ source: 'installer', users: [] }, 'user-data')) as {
        autoinstall: { 'user-data': object };
      };
      const handedOn = save('handed-on.yaml', `#cloud-config\n${stringify(autoinstall['user-data'])}`);
      expect(command('cloud-init', ['schema', '--config-file', handedOn])).toMatch(/Valid/i);
      // The schema can refuse: a key that cloud-init does not know in that shape.
      const wrong = save(
        'wrong.yaml',
        content({ source: 'cloud-image' }, 'user-data').replace('lock_passwd: false', 'lock_passwd: "maybe"'),
      );
      expect(spawnSync('cloud-init', ['schema', '--config-file', wrong]).status).not.toBe(0);
    },
    60_000,
  );

  it('carries a network that netplan takes', () => {
    const root = join(folder, 'netplan');
    mkdirSync(join(root, 'etc/netplan'), { recursive: true });
    const network = stringify({ network: netplan(mediaRequest(FULL_REQUEST)) });
    writeFileSync(join(root, 'etc/netplan/50.yaml'), network, { mode: 0o600 });
    command('netplan', ['generate', '--root-dir', root]);
    const made = readFileSync(join(root, 'run/systemd/network/10-netplan-nic0.network'), 'utf8');
    expect(made).toContain('Address=192.0.2.10/24');
    expect(made).toContain('Gateway=192.0.2.1');
  });

  it('gives netplan the network of a cloud image as it is', () => {
    expect(parse(content({ source: 'cloud-image' }, 'network-config'))).toEqual(
      netplan(mediaRequest(FULL_REQUEST)),
    );
  });

  it('puts scripts and units on the machine that shellcheck and systemd take', () => {
    for (const { path, content: text } of agentFiles(INSTALL, UBUNTU_PLACES, UBUNTU_LEFTOVERS)) {
      const file = save(`machine${path}`, text);
      if (path.endsWith('.sh')) command('shellcheck', [file]);
      if (!path.endsWith('.service')) continue;
      // systemd looks whether the program is there.
      writeFileSync(file, text.replaceAll(INSTALL_SCRIPT, '/bin/true'));
      const { stderr } = spawnSync('systemd-analyze', ['verify', '--man=no', file], { encoding: 'utf8' });
      expect(stderr).not.toContain('infiniservice-install.service:');
    }
  });

  it.each([
    ['cloud-image', 'connect'],
    ['installer', 'connect'],
    ['installer', 'listen'],
  ] as const)(
    "has a plan for %s that libvirt's schema takes, where the gateway is to %s",
    (source, socketMode) => {
      const request = mediaRequest({ ...FULL_REQUEST, source, vendorIso: `/iso/a "b" & <c>.iso` });
      const plan = mediaPlan(request, { seed: '/media/seed.iso', socket: '/sockets/vm.socket', socketMode });
      expect(plan.qemu.join(' ')).toContain(
        socketMode === 'connect' ? 'server=on' : 'server=off,reconnect=1',
      );
      const file = save(`${source}.xml`, plan.libvirtXml);
      command('virt-xml-validate', [file, 'domain']);
      const wrong = save('wrong.xml', plan.libvirtXml.replace("bus='virtio'", "bus='teleport'"));
      expect(spawnSync('virt-xml-validate', [wrong, 'domain']).status).not.toBe(0);
    },
  );

  it('is an image with both labels and all names, and gives the same bytes again', async () => {
    const files = ubuntuSeed(mediaRequest(FULL_REQUEST));
    const image = async (name: string): Promise<string> => {
      const contents = join(folder, `${name}-cidata`);
      await writeSeedFolder(contents, files);
      const made = {
        folder: contents,
        image: join(folder, `${name}.iso`),
        label: 'CIDATA',
        sourceDateEpoch: 1_700_000_000,
      };
      await makeSeedImage({ ...made, names: files.map((file) => file.name) });
      return made.image;
    };
    const first = await image('one');
    expect(await readIso(first)).toMatchObject({ label: 'CIDATA', jolietLabel: 'CIDATA' });
    expect(readFileSync(await image('two'))).toEqual(readFileSync(first));
    expect(statSync(first).mode & 0o777).toBe(0o600);
    // Other programs than ours see the same: blkid by label, xorriso by content.
    expect(command('blkid', ['-o', 'value', '-s', 'LABEL', first]).trim()).toBe('CIDATA');
    for (const { name, content: text } of files) {
      const out = join(folder, `out-${name}`);
      command('xorriso', ['-osirrox', 'on', '-indev', first, '-extract', `/${name}`, out]);
      expect(readFileSync(out, 'utf8')).toBe(text);
    }
  });

  it('that lacks what it should hold is not handed out', async () => {
    const contents = join(folder, 'lacking');
    await writeSeedFolder(contents, [{ name: 'user-data', content: '#cloud-config\n' }]);
    const made = {
      folder: contents,
      image: join(folder, 'lacking.iso'),
      label: 'CIDATA',
      sourceDateEpoch: 0,
    };
    await expect(makeSeedImage({ ...made, names: ['user-data', 'meta-data'] })).rejects.toThrow(
      /missing meta-data/,
    );
  });
});

/** The script that a seed puts on the machine, run in a root of its own against a server that may lie. */
describe('the installing script', () => {
  const root = mkdtempSync(join(tmpdir(), 'infinibay-install-'));
  const answers = new Map<string, string>();
  let server: Server;

  beforeAll(async () => {
    server = createServer((request, response) => {
      const body = answers.get(request.url?.split('/').pop() ?? '');
      response.statusCode = body === undefined ? 404 : 200;
      response.end(body);
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const witness = `#!/bin/sh\necho "$@" >>'${root}/installed'\n`;
    const pins = { binarySha256: hash('binary'), scriptSha256: hash(witness), version: '0.1.0' };
    answers.set(pins.binarySha256, 'binary').set(pins.scriptSha256, witness);
    for (const { path, content } of agentFiles({ ...INSTALL, distributionUrl: url, pins }, UBUNTU_PLACES)) {
      mkdirSync(dirname(join(root, path)), { recursive: true });
      // Its absolute paths lead into the root.
      const moved = content
        .replace(/(?<![\w/])\/(var|etc)\//g, `${root}/$1/`)
        .replace('--retry 5', '--retry 0');
      writeFileSync(join(root, path), moved);
      chmodSync(join(root, path), 0o755);
    }
    mkdirSync(join(root, 'var/log'), { recursive: true });
  });
  afterAll(() => {
    server.close();
    rmSync(root, { recursive: true, force: true });
  });

  const run = (): Promise<number> =>
    new Promise((resolve) => {
      // Not synchronously: the server is this process.
      void import('node:child_process').then(({ spawn }) =>
        spawn('sh', [join(root, INSTALL_SCRIPT)], { stdio: 'ignore' }).once('close', (code) =>
          resolve(code ?? -1),
        ),
      );
    });
  const log = (): string => readFileSync(join(root, 'var/log/infiniservice_install.log'), 'utf8');
  const installed = (): boolean => existsSync(join(root, 'installed'));

  it('runs nothing whose hash is not the one of the medium', async () => {
    const [binary] = [...answers.keys()];
    answers.set(binary ?? '', 'binarY');
    expect(await run()).not.toBe(0);
    expect(installed()).toBe(false);
    expect(log()).toContain('infiniservice does not have the sha256 that the install medium names');
    answers.set(binary ?? '', 'binary');
    const [, script = ''] = [...answers.keys()];
    const right = answers.get(script) ?? '';
    answers.set(script, `${right}# one byte more`);
    expect(await run()).not.toBe(0);
    expect(installed()).toBe(false);
    answers.set(script, right);
  }, 30_000);

  it('fails while the files are away, so that its unit tries again', async () => {
    const saved = new Map(answers);
    answers.clear();
    expect(await run()).not.toBe(0);
    for (const [name, body] of saved) answers.set(name, body);
    expect(installed()).toBe(false);
  }, 30_000);

  it('installs once, however often and however many at once', async () => {
    expect(await Promise.all([run(), run(), run()])).toEqual([0, 0, 0]);
    expect(await run()).toBe(0);
    expect(readFileSync(join(root, 'installed'), 'utf8')).toBe(`normal ${FULL_REQUEST.vmId}\n`);
    // The secret does not stay where the seed put it.
    expect(existsSync(join(root, INSTALL_SETTINGS))).toBe(false);
    expect(log()).not.toContain('c'.repeat(64));
    expect(
      execFileSync('stat', ['-c', '%a', join(root, 'var/log/infiniservice_install.log')])
        .toString()
        .trim(),
    ).toBe('640');
  }, 30_000);
});
