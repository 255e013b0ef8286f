import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { kickstartRelease, type MediaRequest } from '#protocol';
import { command } from '../../../../test/support/processes/commands.js';
import { mediaRequest } from '../../../../test/support/media/media.js';
import { ksvalidator, parseKickstarts } from '../../../../test/support/installers/pykickstart.js';
import {
  fullRequest,
  KICKSTART_RELEASES,
  leastRequest,
  SEED_INSTALL,
} from '../../../../test/support/media/seeds.js';
import { ksWord } from '../../escape.js';
import { kickstartSeed } from './kickstart.js';

const folder = mkdtempSync(join(tmpdir(), 'infinibay-kickstart-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const kickstart = (request: MediaRequest, install = SEED_INSTALL): string =>
  kickstartSeed(request, install)[0]?.content ?? '';
const syntaxOf = (request: MediaRequest): string => kickstartRelease(request.os)?.syntax ?? '';

function validate(syntax: string, text: string): { status: number | null; said: string } {
  const file = join(folder, 'ks.cfg');
  writeFileSync(file, text);
  return ksvalidator(syntax, file);
}

describe('a kickstart is valid to the validator of its release:', () => {
  it.each(KICKSTART_RELEASES)(
    '$family $version',
    (release) => {
      const syntax = syntaxOf(leastRequest(release));
      const least = kickstart(leastRequest(release));
      for (const text of [least, kickstart(fullRequest(release))])
        expect(validate(syntax, text)).toMatchObject({ status: 0 });
      // It can refuse: a command, an option and a section that do not exist.
      for (const wrong of [
        least.replace('rootpw --lock', 'rootpw --locked'),
        least.replace('\nskipx\n', '\nskip-x\n'),
        least.replace('%packages --ignoremissing', '%package --ignoremissing'),
      ])
        expect(validate(syntax, wrong).status).not.toBe(0);
    },
    60_000,
  );

  it('in every firmware and layout', () => {
    const releases = KICKSTART_RELEASES.filter(({ family }) => family === 'fedora' || family === 'rhel');
    const pairs = (['uefi', 'bios'] as const).flatMap((firmware) =>
      (['plain', 'lvm'] as const).map((layout) => ({ firmware, layout })),
    );
    const whole = releases.flatMap((release) =>
      pairs.map(({ firmware, layout }) => {
        const request = fullRequest({ ...release, firmware, layout });
        const text = kickstart(request);
        // What %pre writes is part of it.
        const include = /cat >\S+disk\.ks <<EOF\n([^]*?)EOF\n/.exec(text)?.[1] ?? '';
        expect(include).toContain(firmware === 'uefi' ? 'part /boot/efi' : 'part biosboot');
        expect(include.includes('volgroup')).toBe(layout === 'lvm');
        const inPlace = text.replace(/^%include .*\n/m, include.replaceAll('$disk', 'vda'));
        return { syntax: syntaxOf(request), text: inPlace };
      }),
    );
    expect(whole).toHaveLength(28);
    const broken = whole.map(({ syntax, text }) => ({ syntax, text: text.replace('--grow', '--grown') }));
    expect(parseKickstarts(whole).filter(({ error }) => error !== null)).toEqual([]);
    expect(parseKickstarts(broken).filter(({ error }) => error === null)).toEqual([]);
  }, 60_000);
});

it('the kickstart of a desktop, of a boot ISO and of a machine without a card is valid too', () => {
  const texts = KICKSTART_RELEASES.flatMap(({ family, version }) =>
    [
      { packages: ['@^workstation-product-environment', 'Vim_x'] },
      { network: 'none' },
      { proxy: 'http://p' },
    ].map((more) => {
      const request = mediaRequest({ os: { family, version }, source: 'installer', ...more });
      const text = kickstartSeed(request, SEED_INSTALL, { isBootIso: true })[0]?.content ?? '';
      return { syntax: syntaxOf(request), text };
    }),
  );
  expect(parseKickstarts(texts).filter(({ error }) => error !== null)).toEqual([]);
}, 60_000);

describe('a kickstart says to its parser what was asked for:', () => {
  it.each(KICKSTART_RELEASES)('$family $version', (release) => {
    const request = fullRequest(release);
    const [parsed] = parseKickstarts([{ syntax: syntaxOf(request), text: kickstart(request) }]);
    expect(parsed).toMatchObject({ error: null, url: request.mirror, proxy: request.proxy });
    expect(parsed?.users).toEqual(
      request.users.map(({ name, passwordHash, admin }) => ({
        name,
        password: passwordHash ?? '',
        isCrypted: passwordHash !== undefined,
        groups: admin ? ['wheel'] : [],
      })),
    );
    expect(parsed?.sshKeys).toEqual(
      request.users.map(({ name, sshKeys }) => ({ username: name, key: sshKeys[0] })),
    );
    expect(parsed?.packages.toSorted()).toEqual(['curl', 'nginx', 'wget']);
    expect(
      parsed?.scripts.map(({ type, inChroot, errorOnFail, log }) => ({ type, inChroot, errorOnFail, log })),
    ).toEqual([
      { type: 0, inChroot: false, errorOnFail: true, log: '/tmp/infinibay-pre.log' },
      { type: 3, inChroot: false, errorOnFail: false, log: null },
      { type: 1, inChroot: false, errorOnFail: false, log: null },
      { type: 1, inChroot: true, errorOnFail: false, log: '/root/infiniservice-install.log' },
      { type: 1, inChroot: false, errorOnFail: false, log: null },
      { type: 4, inChroot: false, errorOnFail: false, log: null },
    ]);
  });
});

/** Text in which a kickstart, a shell or Python has something special. */
const hostile = fc.oneof(
  fc.constantFrom(
    ...[
      `'"\`$(reboot)\${HOME}%d&<>]]>\\n;|#!{{ v1 }}`,
      '%end',
      '%include /etc/shadow',
      '#',
      "'",
      "''",
      '\\',
      '\\\\',
    ],
    ...[
      '--plaintext',
      ' ',
      '  two  blanks ',
      '\t',
      'line\nend',
      '\r',
      '\u2028',
      '\u0085',
      '\v\f\u001c',
      '\0',
      '\ud800',
    ],
    ...['\u00e4\u20ac\u{1f99c}', 'x'.repeat(65_536), '%ksappend http://h/', 'user --name=root'],
  ),
  fc.string({ unit: 'grapheme' }),
  fc.string({ unit: 'binary' }),
);

describe('hostile text', () => {
  const isRefused = (text: string): boolean => {
    try {
      ksWord(text);
      return false;
    } catch {
      return true;
    }
  };

  it('comes back equal from the parser of the newest and the oldest release, or is refused', () => {
    const samples = fc.sample(hostile, 200);
    const carried = samples.filter((text) => !isRefused(text));
    expect(carried.length).toBeGreaterThan(70);
    expect(samples.length).toBeGreaterThan(carried.length);
    for (const syntax of ['F44', 'RHEL8']) {
      const parsed = parseKickstarts(
        carried.map((text) => ({
          syntax,
          text: `sshkey --username=ada ${ksWord(`key ${text}`)}\nurl --url=${ksWord(text || 'u')}\nskipx\n`,
        })),
      );
      expect(parsed.map(({ error }) => error).filter((error) => error !== null)).toEqual([]);
      expect(parsed.map(({ sshKeys }) => sshKeys[0]?.key)).toEqual(carried.map((text) => `key ${text}`));
      expect(parsed.map(({ url }) => url)).toEqual(carried.map((text) => text || 'u'));
    }
  }, 120_000);

  it('in the fields of a request comes back equal, or is refused before a kickstart is made', () => {
    const requests = fc.sample(hostile, 200).flatMap((text) => {
      const more = [
        { users: [{ name: 'ada', sshKeys: [`ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIE1n6fTlQ2 ${text}`] }] },
        { users: [{ name: 'ada', passwordHash: `$6$${text}$${'a'.repeat(43)}` }] },
        { mirror: `http://m/${text}` },
        { mirror: 'http://m/', proxy: `http://p/${text}` },
      ];
      return more.flatMap((fields) => {
        try {
          const request = mediaRequest({
            os: { family: 'rocky', version: '9' },
            source: 'installer',
            ...fields,
          });
          return [{ request, text: kickstart(request) }];
        } catch {
          return [];
        }
      });
    });
    expect(requests.length).toBeGreaterThan(50);
    const parsed = parseKickstarts(requests.map(({ text }) => ({ syntax: 'RHEL9', text })));
    requests.forEach(({ request }, index) => {
      const [user] = request.users;
      expect(parsed[index]).toMatchObject({
        error: null,
        url: request.mirror ?? null,
        proxy: request.proxy ?? '',
        sshKeys: user?.sshKeys[0] ? [{ username: 'ada', key: user.sshKeys[0] }] : [],
      });
      expect(parsed[index]?.users.map(({ password }) => password)).toEqual(
        user ? [user.passwordHash ?? ''] : [],
      );
      expect(parsed[index]?.scripts).toHaveLength(6);
    });
  }, 60_000);
});

it('every script is sh that shellcheck takes, with reports and without', () => {
  // They differ by what was asked for, not by release.
  for (const release of KICKSTART_RELEASES.filter(({ family }) => family === 'rocky').slice(0, 2))
    for (const request of [fullRequest(release), leastRequest(release)])
      for (const install of [SEED_INSTALL, { ...SEED_INSTALL, reporting: null, channelSecret: null }]) {
        const [parsed] = parseKickstarts([{ syntax: syntaxOf(request), text: kickstart(request, install) }]);
        parsed?.scripts.forEach(({ text, interpreter }, index) => {
          expect(interpreter).toBe('/bin/sh');
          const file = join(folder, `script-${index}.sh`);
          writeFileSync(file, text);
          // A key's comment may well look like a variable: it is quoted on purpose.
          command('shellcheck', ['-e', 'SC2016', '-s', 'sh', file]);
          const inner = /<<'END_OF_INFINIBAY_FILE'\n(#!\/bin\/sh[^]*?)END_OF_INFINIBAY_FILE\n/.exec(
            text,
          )?.[1];
          if (inner === undefined) return;
          writeFileSync(file, inner);
          command('shellcheck', [file]);
        });
      }
}, 300_000);
