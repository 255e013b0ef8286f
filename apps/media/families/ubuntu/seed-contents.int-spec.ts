import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, describe, expect, it } from '@jest/globals';
import { parse, stringify } from 'yaml';
import type { MediaRequest } from '#protocol';
import { command } from '../../../../test/support/processes/commands.js';
import { FULL_REQUEST, mediaRequest } from '../../../../test/support/media/media.js';
import { agentFiles, INSTALL_SCRIPT, UBUNTU_PLACES } from '../linux/agent-files.js';
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
  mediumProof: 'd'.repeat(64),
  source: 'installer' as const,
  rhsm: null,
  distributionUrl: 'http://127.0.0.1:1',
  pins: {
    ...{ binarySha256: hash('binary'), binaryBytes: 6 },
    ...{ scriptSha256: hash('script'), scriptBytes: 6, version: '0.1.0' },
  },
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
