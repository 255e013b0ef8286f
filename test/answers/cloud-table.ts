import { type Mutation, of } from './mutation.js';

export const CLOUD: Mutation[] = [
  ...of('cloud-config, all of a request', [
    ['write-files', 'write_files:', 'write-files:', 'write-files', 'did you mean write_files?'],
    ['runcmd misspelt', 'runcmd:', 'run_cmd:', 'run_cmd', 'did you mean runcmd?'],
    [
      'mode without quotes',
      'permissions: "0700"',
      'permissions: 0700',
      'write_files.0.permissions',
      'put it in quotes',
    ],
    [
      'path that is relative',
      'path: "/etc/systemd/system/infiniservice-install.service"',
      'path: "etc/systemd/system/infiniservice-install.service"',
      'write_files.1.path',
      'is not an absolute path',
    ],
    [
      'two files at one path',
      '/etc/systemd/system/infiniservice-install.service"\n    permissions',
      '/var/lib/cloud/scripts/per-instance/infiniservice-install.sh"\n    permissions',
      'write_files.1.path',
      'is written twice',
    ],
    [
      'key of a user misspelt',
      'lock_passwd: false',
      'lock_password: false',
      'users.0.lock_password',
      'did you mean lock_passwd?',
    ],
    ['unknown zone', 'Europe/Berlin', 'Europa/Berlin', 'timezone', 'did you mean Europe/Berlin?'],
    [
      'plain password for all',
      'ssh_pwauth: true',
      'ssh_pwauth: true\npassword: hunter2',
      'password',
      'is not a crypt hash',
    ],
  ]),
  ...of('cloud-config, by hand', [
    [
      'chpasswd in plain words',
      '"$6$saltsaltsalt$bKUwQF',
      '"hunter2',
      'chpasswd.users.0.password',
      'is not a crypt hash',
    ],
    [
      'chpasswd of type text',
      'type: hash',
      'type: text',
      'chpasswd.users.0.type',
      'is not a known type of password',
    ],
    ['base64 that is none', 'aGVsbG8K', 'hello world!', 'write_files.0.content', 'is not base64'],
    ['power_state without a mode', 'mode: reboot, ', '', 'power_state.mode', 'is missing'],
  ]),
  ...of('cloud-config, least', [
    ['unknown locale', 'en_US.UTF-8', 'en_UK.UTF-8', 'locale', 'is not a known locale'],
  ]),
  ...of('meta-data', [
    ['instance-id misspelt', 'instance-id', 'instance_id', 'instance_id', 'did you mean instance-id?'],
    ['no instance-id', 'instance-id: "medium-1"\n', '', 'instance-id', 'is missing'],
    [
      'host name with an underscore',
      'web-1.example.com',
      'web_1.example.com',
      'local-hostname',
      'is not a host name',
    ],
  ]),
  ...of('network-config', [
    [
      'one address on two interfaces',
      'dhcp4: true',
      'addresses: ["192.0.2.10/24"]',
      'ethernets.nic1.addresses.0',
      'is an address of nic0 too',
    ],
    ['ethernets misspelt', 'ethernets:', 'ethernet:', 'ethernet', 'did you mean ethernets?'],
    [
      'IPv6 prefix over 128',
      '2001:db8::10/64',
      '2001:db8::10/129',
      'ethernets.nic0.addresses.1',
      'is not an address with its prefix length',
    ],
  ]),
  ...of('network-config, version 1', [
    [
      'static without an address',
      '        address: 192.0.2.10/24\n',
      '',
      'config.0.subnets.0.address',
      'is missing',
    ],
    ['unknown device', 'type: vlan', 'type: vlans', 'config.1.type', 'did you mean vlan?'],
  ]),
];
