import { describe, expect, it } from '@jest/globals';
import { readSubject } from './subjects.js';
import { validateAnswerFile } from '../../libs/answers/validate.js';

/** Documented usage that looks odd: each was refused by a rule that was too narrow, or easily could be. */
const CLOUD: [name: string, text: string][] = [
  ['bytes as a file', 'write_files: [{path: /a, content: !!binary aGVsbG8=}]'],
  [
    'a mode as Python writes it',
    "write_files: [{path: /a, permissions: '0o600'}, {path: /b, permissions: '1777'}]",
  ],
  ['the default user by its name', 'users: [default, root]'],
  ['no users at all', 'users: []'],
  ['groups as text', 'users: [{name: a, groups: "adm, sudo", sudo: false}]'],
  ['yes and no', 'ssh_pwauth: yes\npackage_update: no'],
  ['a locale without a charset', 'locale: br_FR'],
  ['a locale with a modifier', 'locale: ca_ES.UTF-8@valencia'],
  ['POSIX', 'locale: POSIX'],
  ['a link among the zones', 'timezone: US/Eastern'],
  ['UTC', 'timezone: Etc/UTC'],
  [
    'a key with options before it',
    'ssh_authorized_keys: [\'no-pty,command="ls" ssh-rsa AAAAB3NzaC1yc2EAAAADAQABAAABAQ== x\']',
  ],
  ['a command of numbers', 'runcmd: [[sleep, 1], "echo $((1 + 1))"]'],
  ['an anchor used twice', 'users: [{name: a, groups: &g [adm]}, {name: b, groups: *g}]'],
];
const NETWORK: [name: string, text: string][] = [
  [
    'the address of InfiniBand',
    'version: 2\nethernets: {ib0: {match: {macaddress: "11:22:33:44:55:66:77:88:99:00:11:22:33:44:55:66:77:88:99:00"}}}',
  ],
  [
    'a gateway that is on the link',
    'version: 2\nethernets: {a: {addresses: [192.0.2.1/32], routes: [{to: default, via: 198.51.100.1, on-link: true}]}}',
  ],
  [
    'a link-local gateway',
    'version: 2\nethernets: {a: {addresses: ["2001:db8::1/64"], routes: [{to: default, via: "fe80::1"}]}}',
  ],
  [
    'a lease beside an address',
    'version: 2\nethernets: {a: {dhcp4: true, addresses: [192.0.2.1/24], routes: [{to: 198.51.100.0/24, via: 203.0.113.1}]}}',
  ],
  [
    'options of an address',
    'version: 2\nethernets: {a: {addresses: [{192.0.2.1/24: {label: "a:x", lifetime: 0}}]}}',
  ],
  [
    'a wild card',
    'network: {version: 2, ethernets: {a: {match: {name: "en*", driver: [virtio_net]}, dhcp4: true}}}',
  ],
  [
    'ports of Open vSwitch',
    'version: 2\nopenvswitch: {ports: [[p0, p1]]}\nbridges: {b0: {interfaces: [p0]}, b1: {interfaces: [p1]}}',
  ],
];
const AUTOINSTALL: [name: string, text: string][] = [
  ['nothing but users of cloud-init', 'user-data: {users: [default]}'],
  ['everything asked', 'interactive-sections: ["*"]'],
  ['an empty match', 'user-data: {}\nstorage: {layout: {name: direct, match: {}}}'],
  [
    'a fixed reset partition',
    'user-data: {}\nstorage: {layout: {name: direct, reset-partition: 12G, reset-partition-only: true}}',
  ],
  ['encryption by TPM', 'user-data: {}\nstorage: {layout: {name: hybrid, encrypted: yes}}'],
  ['a passphrase of LUKS', 'user-data: {}\nstorage: {layout: {name: lvm, password: words}}'],
  ['no realname', `identity: {realname: '', username: a, hostname: b, password: '*'}`],
  ['a list of groups', `identity: {username: a, hostname: b, password: '!', groups: [adm]}`],
  [
    'logical partitions',
    'user-data: {}\nstorage: {config: [{id: d, type: disk, ptable: msdos, path: /dev/vda}, {id: r, type: partition, device: d, size: 5G, number: 1}, {id: e, type: partition, device: d, flag: extended, size: -1, number: 2}, {id: l, type: partition, device: d, flag: logical, size: 1G, number: 5}, {id: f, type: format, volume: r, fstype: ext4}, {id: m, type: mount, device: f, path: /}]}',
  ],
  ['nothing to run', 'user-data: {}\nearly-commands: []\nlate-commands: [["true"]]'],
  [
    'a country mirror',
    'user-data: {}\napt: {primary: [{arches: [default], uri: http://mirror.example/ubuntu}], geoip: true}',
  ],
  ['the time zone of the address', 'user-data: {}\ntimezone: geoip'],
];
const KICKSTART: [name: string, text: string][] = [
  [
    'words apart from their option',
    'network --bootproto dhcp --device link --hostname a\ntimezone --utc UTC',
  ],
  ['a partition of what is there', 'part / --onpart=vda2 --noformat\npart /boot --onpart vda1 --fstype=xfs'],
  [
    'partitions that another file brings',
    '%include /tmp/disk.ks\npart /boot --size=1024\nlogvol /var --vgname=vg --name=var --size=1',
  ],
  [
    'thin volumes',
    'clearpart --all\npart pv.1 --size=1 --grow\nvolgroup vg pv.1\nlogvol none --vgname=vg --name=pool --thinpool --size=9000\nlogvol / --vgname=vg --name=root --thin --poolname=pool --size=5000',
  ],
  ['mounts of what is there', 'mount /dev/vda1 / --reformat=xfs\nmount /dev/vda2 none'],
  [
    'a host alone in its network',
    'network --bootproto=static --ip=192.0.2.1 --netmask=255.255.255.255 --gateway=198.51.100.1',
  ],
  [
    'several networks and users',
    'network --hostname=a\nnetwork --device=ens3\nuser --name=a --lock\nuser --name=b\nrepo --name=x --baseurl=file:///mnt',
  ],
  ['commands after a section', '%pre\necho\n%end\nlang en_US\n%packages\n@core\n%end\nkeyboard us\n'],
  [
    'a group with an option',
    '%packages\n@development-tools --nodefaults\n@module:stream/profile\ngcc-c++\n*-devel\n-@dial-up\n%end',
  ],
  ['a percent sign in a script', '%post\nprintf %s x\n%posix\n%end'],
  ['a quoted hash mark', 'user --name=a --gecos="No. #1"'],
];

describe('documented usage has no fault:', () => {
  it.each(CLOUD)('cloud-config with %s', (_name, text) => {
    expect(validateAnswerFile('user-data', `#cloud-config\n${text}\n`)).toEqual({
      family: 'cloud-config',
      faults: [],
      notes: [],
    });
  });
  it.each(NETWORK)('a network with %s', (_name, text) => {
    expect(validateAnswerFile('network-config', text).faults).toEqual([]);
  });
  it.each(AUTOINSTALL)('autoinstall with %s', (_name, text) => {
    expect(validateAnswerFile('autoinstall.yaml', `version: 1\n${text}\n`).faults).toEqual([]);
  });
  it('keys of cloud-init beside autoinstall, for the live system', () => {
    const text = '#cloud-config\nssh_pwauth: false\nautoinstall: {version: 1, user-data: {}}\n';
    expect(validateAnswerFile('user-data', text)).toMatchObject({ family: 'autoinstall', faults: [] });
  });
  it.each(KICKSTART)('a kickstart with %s', (_name, text) => {
    expect(validateAnswerFile('ks.cfg', text).faults).toEqual([]);
  });
});

describe('documented usage has no fault: a Windows answer', () => {
  const { name, text } = readSubject('autounattend BIOS');
  it.each([
    ['a byte order mark', (xml: string) => `\uFEFF${xml}`],
    ['CRLF', (xml: string) => xml.replaceAll('\n', '\r\n')],
    [
      'an account without a password',
      (xml: string) =>
        xml.replace(/<Value>[^<]*<\/Value>\n( *)<PlainText>false/, '<Value></Value>\n$1<PlainText>true'),
    ],
    [
      'elements of another namespace',
      (xml: string) =>
        xml.replace(
          '</unattend>',
          '<Extensions xmlns="urn:x"><File path="a">x</File></Extensions></unattend>',
        ),
    ],
    [
      'a component that few files use',
      (xml: string) => xml.replaceAll('Microsoft-Windows-IE-ESC', 'Microsoft-Windows-PrintQueue-Something'),
    ],
    [
      'no time zone shift',
      (xml: string) => xml.replace('E. South America Standard Time', 'E. South America Standard Time_dstoff'),
    ],
    [
      'an input locale by numbers',
      (xml: string) => xml.replace('<InputLocale>pt-BR', '<InputLocale>0416:00000416;0409:00020409'),
    ],
    ['a locale with a script', (xml: string) => xml.replace('<UserLocale>pt-BR', '<UserLocale>sr-Latn-RS')],
    [
      'a prefix for everything',
      (xml: string) =>
        xml
          .replace(
            'xmlns="urn:schemas-microsoft-com:unattend"',
            'xmlns:u="urn:schemas-microsoft-com:unattend"',
          )
          .replace('<unattend', '<u:unattend')
          .replace('</unattend>', '</u:unattend>'),
    ],
    [
      'an image that is upgraded',
      (xml: string) =>
        xml.replace(
          '<UserData>',
          '<UpgradeData><Upgrade>false</Upgrade><WillShowUI>Never</WillShowUI></UpgradeData><UserData>',
        ),
    ],
  ])('with %s', (_name, change) => {
    const changed = change(text);
    expect(changed).not.toBe(text);
    expect(validateAnswerFile(name, changed).faults).toEqual([]);
  });
});
