import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { newId, onBothDatabases } from '../../test/support/servers/databases.js';
import { publishArtifacts, startMedia, type TestMedia } from '../../test/support/media/media.js';

const CANARY = 'Canary-Pass-7b1e';
const HOSTILE = [
  ...[`"`, `'`, '`id`', '$(id)', '%PATH%', '&|<>^!', ']]>', '\\', '\u202E', 'e\u0301', '\u2028', '\u0085'],
  ...[
    '\uD800',
    '\uFFFE',
    '\uFFFF',
    '\0',
    '\n',
    '\r',
    ' ',
    '{{ x }}',
    '%include',
    '__proto__',
    'constructor',
    '',
  ],
  'x'.repeat(65_536),
];
type Body = Record<string, unknown>;
/** Free text of a request, each where it stands. */
const FIELDS: Record<string, (text: string) => Body> = {
  hostname: (hostname) => ({ hostname }),
  name: (name) => ({ users: [{ name, password: CANARY }] }),
  password: (text) => ({ users: [{ name: 'ada', password: `${CANARY}${text}` }] }),
  hash: (text) => ({ users: [{ name: 'ada', passwordHash: `$6$saltsaltsalt$${text}` }] }),
  key: (text) => ({
    users: [{ name: 'ada', password: CANARY, sshKeys: [`ssh-rsa AAAAB3NzaC1yc2EAAAA ${text}`] }],
  }),
  edition: (edition) => ({ os: { family: 'windows', version: '11', edition } }),
  mirror: (text) => ({ mirror: `http://mirror.example/${text}` }),
  proxy: (text) => ({ proxy: `http://proxy.example:3128/${text}` }),
  path: (text) => ({ vendorIso: `/nowhere/${text}` }),
  variant: (variant) => ({ keyboard: { layout: 'us', variant } }),
};

onBothDatabases('hostile text', (given) => {
  let media: TestMedia;
  beforeAll(async () => {
    media = await startMedia(given().url);
    await publishArtifacts(given().database);
  });
  afterAll(() => media.stop());

  it.each<[string, Body]>([
    ['ubuntu', { os: { family: 'ubuntu', version: '24.04' } }],
    ['an ubuntu cloud image', { os: { family: 'ubuntu', version: '24.04' }, source: 'cloud-image' }],
    ['fedora', { os: { family: 'fedora', version: '43' } }],
    ['windows', { os: { family: 'windows', version: '11', edition: 'Pro' } }],
  ])(
    'in a request for %s makes a medium or is refused, and never fails inside',
    async (_, base) => {
      const failures: string[] = [];
      const users = [{ name: 'ada', password: CANARY }];
      const attack = async (field: string, text: string): Promise<void> => {
        const body = { vmId: newId(), hostname: 'vm-1', users, ...base, ...FIELDS[field]?.(text) };
        const answer = await media.request('POST', '/media?dryRun=true', body);
        if (answer.status >= 500 || answer.bytes.includes(CANARY))
          failures.push(
            `${field} ${JSON.stringify(text.slice(0, 20))}: ${answer.bytes.toString().slice(0, 300)}`,
          );
      };
      for (const field of Object.keys(FIELDS)) await Promise.all(HOSTILE.map((text) => attack(field, text)));
      expect(failures).toEqual([]);
      expect(media.logged()).not.toContain(CANARY);
      expect(readdirSync(join(media.baseDir, 'media'))).toEqual([]);
    },
    180_000,
  );
});
