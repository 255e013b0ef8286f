import { describe, expect, it } from '@jest/globals';
import { findIana } from 'windows-iana';
import fc from 'fast-check';
import { MediaRequest } from '#protocol';
import { checkRequest, validateAnswerFile } from '../../libs/answers/index.js';
import { isCryptHash } from '../../libs/answers/names/passwords.js';
import { WINDOWS_ZONES } from '../../libs/answers/names/windows-zones.js';
import { readSubject, type Subject, SUBJECTS } from './subjects.js';

const subjects = Object.keys(SUBJECTS) as Subject[];

describe('the family', () => {
  it.each([
    ['user-data', '#cloud-config\nautoinstall: {version: 1}\n', 'autoinstall'],
    ['user-data', '#cloud-config\nhostname: a\n', 'cloud-config'],
    ['user-data.yaml', 'x', 'cloud-config'],
    ['meta-data', '', 'meta-data'],
    ['/mnt/network-config', 'version: 2\n', 'network-config'],
    ['autoinstall.yaml', 'version: 1\n', 'autoinstall.yaml'],
    ['ks.cfg', '', 'kickstart'],
    ['web-1.ks', '', 'kickstart'],
    ['Autounattend.xml', '', 'autounattend'],
    ['C:\\unattend.xml', '', 'autounattend'],
    // By what stands in it.
    ['', '#cloud-config\nhostname: a\n', 'cloud-config'],
    ['x', '<?xml version="1.0"?>\n<unattend/>', 'autounattend'],
    ['x.txt', 'text\nlang en_US\n', 'kickstart'],
    ['x', '%packages\n%end\n', 'kickstart'],
    ['x', 'instance-id: a\n', 'meta-data'],
    ['x', 'network: {version: 2}\n', 'network-config'],
    ['x', 'autoinstall:\n  version: 1\n', 'autoinstall.yaml'],
    ['notes.txt', 'hello', null],
  ])('of %j with %j is %s', (name, text, family) => {
    expect(validateAnswerFile(name, text).family).toBe(family);
  });

  it('that nobody knows is a fault, and so is a file that is no text', () => {
    expect(validateAnswerFile('notes.txt', 'hello').faults).toMatchObject([
      { message: expect.stringContaining('no family') },
    ]);
    expect(validateAnswerFile('ks.cfg', 'text\0').faults).toMatchObject([
      { message: expect.stringContaining('contains NUL') },
    ]);
    expect(validateAnswerFile('ks.cfg', '#'.repeat(5_000_000)).faults).toMatchObject([
      { message: expect.stringContaining('larger than') },
    ]);
  });
});

describe('all faults', () => {
  it('are listed, in the order of the file, each with its line and a way out', () => {
    const text = `autoinstall:
  version: 2
  late_commands: []
  keyboard: { layout: usx }
  identity: { username: Ada, hostname: a_b, password: hunter2 }
`;
    const { faults } = validateAnswerFile('user-data', text);
    expect(faults.map(({ path, line }) => [path, line])).toEqual([
      ['', 1],
      ['autoinstall.version', 2],
      ['autoinstall.late_commands', 3],
      ['autoinstall.keyboard.layout', 4],
      ['autoinstall.identity.username', 5],
      ['autoinstall.identity.hostname', 5],
      ['autoinstall.identity.password', 5],
    ]);
    for (const { remedy } of faults) expect(remedy).toMatch(/\S/);
  });

  it('never show a password', () => {
    const canary = 'canary-hunter2';
    const texts = [
      [
        'user-data',
        `#cloud-config\nautoinstall: {version: 1, identity: {username: a, hostname: b, password: ${canary}}}\n`,
      ],
      [
        'user-data',
        `#cloud-config\nusers: [{name: a, plain_text_passwd: ${canary}, passwd: ${canary}}]\npassword: ${canary}\nchpasswd: {list: ["a:${canary}"]}\n`,
      ],
      [
        'ks.cfg',
        `rootpw ${canary}\nuser --name=a --password=${canary}\nsshpw --username=a ${canary}\nrootpw a ${canary}\nvnc --password=${canary}\n`,
      ],
      [
        'unattend.xml',
        readSubject('autounattend UEFI').text.replaceAll(
          /<Value>[A-Za-z0-9+/=]+<\/Value>/g,
          `<Value>${canary}</Value>`,
        ),
      ],
    ] as const;
    for (const [name, text] of texts) {
      const report = validateAnswerFile(name, text);
      expect(report.faults.length).toBeGreaterThan(0);
      expect(JSON.stringify(report)).not.toContain(canary);
    }
    const request = checkRequest(
      `vmId: 1\nusers: [{name: a, password: ["${canary}"], passwordHash: ${canary}, passwordSealed: ${canary}}]\n`,
    );
    expect(request.faults.length).toBeGreaterThan(2);
    expect(JSON.stringify(request.faults)).not.toContain(canary);
  });
});

describe('any text', () => {
  const NAMES = [
    'user-data',
    'meta-data',
    'network-config',
    'autoinstall.yaml',
    'ks.cfg',
    'autounattend.xml',
    'x',
  ];

  it('gets an answer, never an exception', () => {
    const pieces = fc.array(
      fc.oneof(
        fc.string({ unit: 'binary' }),
        fc.constantFrom(
          ...'#cloud-config\n|autoinstall:|\n  |version: 1|- |{|}|[|]|&a *a|%packages\n|%end\n|part / --size=|<unattend>|<|</|&|"|\'|!!x|? |: |null'.split(
            '|',
          ),
        ),
      ),
      { maxLength: 30 },
    );
    fc.assert(
      fc.property(fc.constantFrom(...NAMES), pieces, (name, parts) => {
        const { faults } = validateAnswerFile(name, parts.join(''));
        for (const { message, remedy } of faults) expect(`${message}${remedy}`).toMatch(/\S/);
        checkRequest(parts.join(''));
      }),
      { numRuns: 1500 },
    );
  });

  it('made of a right one with a piece cut out gets one too', () => {
    fc.assert(
      fc.property(fc.constantFrom(...subjects), fc.nat(), fc.nat({ max: 60 }), (subject, from, length) => {
        const { name, text } = readSubject(subject);
        const at = from % text.length;
        validateAnswerFile(name, text.slice(0, at) + text.slice(at + length));
      }),
      { numRuns: 400 },
    );
  });

  it('that expands without end is refused', () => {
    const bomb = [
      'a: &a [x, x]',
      ...'bcdefghijk'
        .split('')
        .map((name, index) => `${name}: &${name} [${`*${'abcdefghijk'[index]},`.repeat(9)}]`),
    ].join('\n');
    expect(validateAnswerFile('meta-data', bomb).faults.length).toBeGreaterThan(0);
  });
});

describe('a request', () => {
  it('is taken exactly when the model takes it', () => {
    for (const subject of subjects.filter((name) => name.startsWith('request'))) {
      const { value, faults } = checkRequest(readSubject(subject).text);
      expect(faults).toEqual([]);
      expect(MediaRequest.safeParse(value).success).toBe(true);
    }
  });

  it('in JSON has lines too', () => {
    expect(
      checkRequest('{\n  "vmId": "x",\n  "os": {\n    "familly": "ubuntu"\n  }\n}').faults,
    ).toContainEqual({
      path: 'os.familly',
      message: 'unknown field',
      remedy: 'did you mean family?',
      line: 4,
    });
  });
});

describe('names', () => {
  it('of time zones of Windows are those that the suite maps zones of IANA to', () => {
    expect(WINDOWS_ZONES.filter((name) => findIana(name).length === 0)).toEqual([]);
    expect(WINDOWS_ZONES.length).toBeGreaterThan(130);
  });

  it.each([
    [
      '$6$saltsaltsalt$bKUwQFHHEmCH5mFz5LAVQ8Xqnf4F1jPnkcXxDqNqk8n3mOd4mVWNKa0dnEWZFGqzQ8wYdYv2bQyq9mWwCk8Q51',
      true,
    ],
    [
      '$6$rounds=5000$saltsaltsalt$bKUwQFHHEmCH5mFz5LAVQ8Xqnf4F1jPnkcXxDqNqk8n3mOd4mVWNKa0dnEWZFGqzQ8wYdYv2bQyq9mWwCk8Q51',
      true,
    ],
    ['$y$j9T$Uj0kUe3bgSYzuG/7.5b1F/$rJgDMhu8cEJpAo8hs7oLVS0gXr6K1Ep5k3v0zfVVQm9', true],
    ['$2b$12$abcdefghijklmnopqrstuuK5e1g8nV5Kx1dH0mJr4vTg7uQwYz2aS', true],
    ['!', true],
    ['*', true],
    ['hunter2', false],
    ['$6$short', false],
    ['', false],
  ])('a crypt hash: %s is %s', (text, is) => {
    expect(isCryptHash(text)).toBe(is);
  });
});

it('a file with keys without end is refused at once', () => {
  const many = Array.from({ length: 200_000 }, (_, index) => `key${index}: 1`).join('\n');
  for (const name of ['user-data', 'meta-data', 'network-config'])
    expect(validateAnswerFile(name, `#cloud-config\n${many}\n`).faults).toEqual([
      expect.objectContaining({ message: expect.stringContaining('more than 20000 lines') }),
    ]);
});
