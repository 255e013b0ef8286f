import { VM, NOBODY, medium, type WrongInput } from './wrong-inputs.js';

const TOKEN = 'send the console token as "Authorization: Bearer <token>"';
const FORBIDDEN = { authorization: 'Bearer wrong' };

/** Media, routes and tokens. */
export const WRONG_MEDIA_AND_ROUTES: WrongInput[] = [
  {
    name: 'medium: nothing',
    path: '/api/media',
    body: {},
    status: 400,
    faults: [
      [
        'vmId',
        'is missing: the id of the VM, chosen by whoever makes it',
        'add it, such as 7c0d6f0e-3f5e-4d0c-9d55-1b2f3a4b5c6d',
      ],
      ['hostname', 'is missing: the name that the machine gives itself', 'add it, such as web-1'],
      ['os', 'is missing: what is installed', 'add it, such as {"family":"ubuntu","version":"24.04"}'],
    ],
  },
  {
    name: 'medium: debian',
    path: '/api/media',
    body: { vmId: VM, hostname: 'Web_1', os: { family: 'debian', version: '12' }, users: [{ name: 'root' }] },
    status: 400,
    faults: [
      [
        'hostname',
        'must be a host name: lower-case letters, digits and hyphens, labels of at most 63 characters',
        'give one such as web-1',
      ],
      ['os.family', 'must be one of windows, ubuntu, fedora, rhel, rocky, alma', 'use one of them'],
      [
        'users.0.name',
        'is a name that the system itself uses',
        'choose another, and set admin for one that may do everything',
      ],
    ],
  },
  {
    name: 'medium: ubuntu 23.10',
    path: '/api/media',
    body: medium({ os: { family: 'ubuntu', version: '23.10' }, users: [{ name: 'admin' }] }),
    status: 400,
    faults: [
      [
        'os.version',
        'there are no media for ubuntu 23.10',
        'use one of 26.04, 24.04, 22.04, 20.04, 25.10, 25.04, 24.10',
      ],
    ],
  },
  {
    name: 'medium: a private key',
    path: '/api/media',
    body: medium({
      users: [{ name: 'ada', sshKeys: [['-----BEGIN OPENSSH PRIVATE', 'KEY-----'].join(' ')] }],
    }),
    status: 400,
    faults: [['users.0.sshKeys.0', 'must be one OpenSSH public key on one line', 'correct the value']],
  },
  {
    name: 'medium: an ISO that is not there',
    path: '/api/media',
    body: medium({ os: { family: 'fedora', version: '43' }, vendorIso: '/isos/f43.iso', delivery: 'chain' }),
    status: 400,
    faults: [
      [
        'vendorIso',
        '/isos/f43.iso cannot be read (ENOENT)',
        'give the path of a file that the media app may read',
      ],
    ],
  },
  {
    name: 'medium: an address without prefix',
    path: '/api/media',
    body: medium({ network: [{ match: { mac: '52:54:00:12:34:56' }, addresses: ['10.0.0.5'] }] }),
    status: 400,
    faults: [
      [
        'network.0.addresses.0',
        'must be an address with its prefix length, such as 192.0.2.10/24',
        'correct the value',
      ],
    ],
  },
  {
    name: 'medium: Windows with words of another world',
    path: '/api/media',
    body: {
      vmId: VM,
      hostname: 'windows-workstation-1',
      os: { family: 'windows', version: '11' },
      users: [{ name: 'ada' }],
      keyboard: { layout: 'german' },
      locale: 'de',
    },
    status: 400,
    faults: [
      ['locale', '"de" is not a known locale', 'did you mean de-DE?'],
      ['keyboard.layout', '"german" is not a known keyboard layout', 'did you mean de?'],
      [
        'hostname',
        'must be a computer name: at most 15 characters, no dot, not digits alone',
        'shorten it; a domain is joined later',
      ],
    ],
  },
  {
    name: 'medium: a locale that is near to none, a layout without its object, a relative path',
    path: '/api/media',
    body: medium({ locale: 'xx', keyboard: 'de', vendorIso: 'u.iso', proxy: 'http://a:b@proxy.example' }),
    status: 400,
    faults: [
      ['locale', '"xx" is not a known locale', 'give a locale such as en-US'],
      ['keyboard', 'must be an object', 'give one such as {"layout":"us"}'],
      [
        'proxy',
        'must be an http(s) URL without user and password',
        'give one such as http://proxy.example:3128',
      ],
      [
        'vendorIso',
        'must be an absolute path without control characters',
        'give one such as /srv/iso/ubuntu-24.04.iso',
      ],
    ],
  },
  {
    name: 'medium: an unknown script',
    path: '/api/media',
    body: medium({ source: 'cloud-image', firstBootScripts: [{ scriptId: NOBODY }] }),
    status: 400,
    faults: [['firstBootScripts.0.scriptId', `there is no script ${NOBODY}`, 'POST /api/scripts first']],
  },
  {
    name: 'an unknown route',
    path: '/api/vms',
    status: 404,
    code: 'route.not_found',
    says: 'there is no route GET /api/vms: GET /openapi.json lists what there is',
    remedy: 'GET /openapi.json lists what there is',
  },
  {
    name: 'PATCH of a machine',
    method: 'PATCH',
    path: '/api/machines/MACHINE',
    body: { name: 'b' },
    status: 405,
    code: 'route.method_not_allowed',
    says: 'there is no route PATCH /api/machines/MACHINE: this path takes DELETE, GET, HEAD, OPTIONS',
    remedy: 'this path takes DELETE, GET, HEAD, OPTIONS',
    answers: { allow: 'DELETE, GET, HEAD, OPTIONS' },
  },
  {
    name: 'DELETE of a script',
    method: 'DELETE',
    path: '/api/scripts/SCRIPT',
    headers: { 'content-type': 'application/json' },
    status: 405,
    code: 'route.method_not_allowed',
    says: 'there is no route DELETE /api/scripts/SCRIPT: this path takes GET, HEAD, OPTIONS, PUT',
    remedy: 'this path takes GET, HEAD, OPTIONS, PUT',
    answers: { allow: 'GET, HEAD, OPTIONS, PUT' },
  },
  {
    name: 'a list of media',
    path: '/api/media',
    status: 405,
    code: 'route.method_not_allowed',
    says: 'there is no route GET /api/media: this path takes OPTIONS, POST',
    remedy: 'this path takes OPTIONS, POST',
    answers: { allow: 'OPTIONS, POST' },
  },
  {
    name: 'a list of series',
    path: '/api/series',
    status: 404,
    code: 'route.not_found',
    says: 'there is no route GET /api/series: GET /openapi.json lists what there is',
    remedy: 'GET /openapi.json lists what there is',
  },
  {
    name: 'a wrong token',
    path: '/api/machines',
    headers: FORBIDDEN,
    status: 401,
    code: 'auth.required',
    says: TOKEN,
    remedy: TOKEN,
  },
  {
    name: 'no token',
    path: '/api/machines',
    headers: { authorization: '' },
    status: 401,
    code: 'auth.required',
    says: TOKEN,
    remedy: TOKEN,
  },
  {
    name: 'a token in the query',
    path: '/api/machines?token=x',
    headers: { authorization: '' },
    status: 401,
    code: 'auth.required',
    says: TOKEN,
    remedy: TOKEN,
  },
];
