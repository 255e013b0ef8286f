import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { Ajv2020 } from 'ajv/dist/2020.js';
import formats from 'ajv-formats';
import fc from 'fast-check';
import { BUS_EVENTS, BusRequests } from './bus/messages.js';
import { jsonSchemas } from './json-schemas.js';
import { KEYBOARD_LAYOUTS, LOCALES } from './media/locales-and-keyboards.js';
import { MediaRequest } from './media/request.js';
import { timeZones } from './time-zones.js';

const here = import.meta.dirname;
const schemas = jsonSchemas();
/** Formats of zod's own, unknown to JSON Schema: their pattern stands beside them. */
const ajv = new Ajv2020({ strict: false, allErrors: true, formats: { cidrv4: true, cidrv6: true } });
formats.default(ajv);

describe('JSON Schemas', () => {
  it.each(Object.entries(schemas))('%s is committed as it is generated (npm run schemas)', (name, schema) => {
    const committed: unknown = JSON.parse(readFileSync(join(here, 'schemas', `${name}.schema.json`), 'utf8'));
    expect(committed).toEqual(JSON.parse(JSON.stringify(schema)));
  });

  it('are all that lies in the folder', () => {
    expect(readdirSync(join(here, 'schemas')).sort()).toEqual(
      Object.keys(schemas)
        .map((name) => `${name}.schema.json`)
        .sort(),
    );
  });

  it.each(Object.entries(schemas))('%s is a schema that a validator takes', (_name, schema) => {
    expect(() => ajv.compile(schema as object)).not.toThrow();
  });

  it('name every request, reply and event', () => {
    const named = (name: string): string[] =>
      Object.keys((schemas[name] as { properties: object }).properties).sort();
    const requests = Object.values(BusRequests)
      .map(({ pattern }) => pattern)
      .sort();
    expect(named('bus-requests')).toEqual(requests);
    expect(named('bus-replies')).toEqual(requests);
    expect(named('bus-events')).toEqual(BUS_EVENTS.map(({ pattern }) => pattern).sort());
  });
});

const validate = ajv.compile(schemas['media-request'] as object);
const base = {
  vmId: '7c0d6f0e-3f5e-4d0c-9d55-1b2f3a4b5c6d',
  hostname: 'web-1',
  os: { family: 'ubuntu', version: '24.04' },
};
/**
 * What the schema and the server say of one request; the rules between fields are the server's alone, so each
 * case changes one field.
 */
const verdicts = (more: object): { schema: boolean; server: boolean } => {
  const request: unknown = JSON.parse(JSON.stringify({ ...base, ...more }));
  return { schema: validate(request), server: MediaRequest.safeParse(request).success };
};
const windows = { os: { family: 'windows', version: '11' } };
/**
 * An empty object is one of the first two, and the base is no request for it; which zones there are is the
 * server's.
 */
const SERVERS_OWN = new Set(['windows', 'image', 'timezone']);

describe('the schema of a media request', () => {
  it.each<[string, object]>([
    ['an upper-case UUID', { vmId: base.vmId.toUpperCase() }],
    ['a UUID of no known version', { vmId: '12345678-9abc-0def-0123-456789abcdef' }],
    ['an upper-case MAC', { network: [{ match: { mac: '52:54:00:AB:CD:EF' } }] }],
    [
      'an address in IPv6 with IPv4 at its end',
      { network: [{ match: { name: 'ens3' }, dns: ['::ffff:192.0.2.1'] }] },
    ],
    ['a zone by its old name', { timezone: 'US/Eastern' }],
    ['a zone in lower case', { timezone: 'europe/berlin' }],
    ['a URL with an IPv6 host', { mirror: 'http://[2001:db8::1]:8080/a%20b/?x=1' }],
    ['Windows', { ...windows, users: [{ name: 'Zoë', password: 'é' }], windows: { drivers: ['Balloon'] } }],
    [
      'first-boot scripts',
      { firstBootScripts: [{ scriptId: base.vmId, inputs: { a: 1, b: 'x', c: true } }] },
    ],
    ['a disk', { disk: { match: { minBytes: 1, maxBytes: 2 }, layout: 'lvm', wipe: true } }],
  ])('takes %s, as the server does', (_, more) => {
    expect(verdicts(more)).toEqual({ schema: true, server: true });
  });

  it.each<[string, object]>([
    ['an unknown field', { nope: 1 }],
    ['a UUID with a brace', { vmId: `{${base.vmId}}` }],
    ['a MAC with hyphens', { network: [{ match: { mac: '52-54-00-12-34-56' } }] }],
    ['mac and name at once', { network: [{ match: { mac: '52:54:00:12:34:56', name: 'ens3' } }] }],
    ['an address without its prefix', { network: [{ match: { name: 'ens3' }, addresses: ['192.0.2.1'] }] }],
    ['an unknown locale', { locale: 'de_DE' }],
    ['an unknown keyboard', { keyboard: { layout: 'deutsch' } }],
    ['an offset as a zone', { timezone: '+02:00' }],
    ['a URL with a user', { mirror: 'http://user@mirror.example/' }],
    ['a URL that is none', { mirror: 'ftp://mirror.example/' }],
    ['a family that is none', { os: { family: 'debian', version: '12' } }],
    ['a delivery that is none', { delivery: 'pxe' }],
    [
      'two forms of a password',
      { ...windows, users: [{ name: 'a', password: 'a', passwordSealed: `x1.${'A'.repeat(99)}` }] },
    ],
    ['an empty password', { users: [{ name: 'ada', password: '' }] }],
    ['a control character', { users: [{ name: 'ada', password: 'a\u0007' }] }],
    ['a text for a flag', { replace: 'true' }],
    ['another version of the request', { requestVersion: 2 }],
  ])('refuses %s, as the server does', (_, more) => {
    expect(verdicts(more)).toEqual({ schema: false, server: false });
  });

  const hex = fc.constantFrom(...'0123456789abcdefABCDEF');
  const digits = (length: number) => fc.string({ unit: hex, minLength: length, maxLength: length });
  const nearly = (valid: fc.Arbitrary<string>): fc.Arbitrary<string> =>
    fc.oneof(
      { weight: 3, arbitrary: valid },
      fc
        .tuple(valid, fc.nat(80), fc.constantFrom('', ' ', '-', ':', '.', '/', 'g', '0', 'A', '\n', 'ü'))
        .map(([text, at, put]) => text.slice(0, at) + put + text.slice(at + 1)),
    );
  const label = fc.stringMatching(/^[a-z0-9]([a-z0-9-]{0,8}[a-z0-9])?$/);
  const wholeMachine = (match: object, more: object): object => ({ network: [{ match, ...more }] });
  const ens3 = { name: 'ens3' };
  const mac = fc.array(digits(2), { minLength: 6, maxLength: 6 }).map((bytes) => bytes.join(':'));
  const address = fc.oneof(
    fc.ipV4(),
    fc.ipV6(),
    fc.constantFrom('::', '1::', '::1.2.3.4', '1:2:3:4:5:6:7::', '::1:2:3:4:5:6:7'),
  );
  const path = fc.string({ unit: 'grapheme', maxLength: 30 }).map((text) => `/${text}`);
  const cases: [string, fc.Arbitrary<object>][] = [
    [
      'vmId',
      nearly(fc.tuple(...[8, 4, 4, 4, 12].map(digits)).map((parts) => parts.join('-'))).map((vmId) => ({
        vmId,
      })),
    ],
    [
      'hostname',
      nearly(fc.array(label, { minLength: 1, maxLength: 4 }).map((labels) => labels.join('.'))).map(
        (hostname) => ({ hostname }),
      ),
    ],
    ['network.match.mac', nearly(mac).map((text) => wholeMachine({ mac: text }, {}))],
    ['network.dns', nearly(address).map((ip) => wholeMachine(ens3, { dns: [ip] }))],
    [
      'network.addresses',
      nearly(fc.tuple(address, fc.nat(140)).map(([ip, bits]) => `${ip}/${bits}`)).map((cidr) =>
        wholeMachine(ens3, { addresses: [cidr] }),
      ),
    ],
    ['locale', nearly(fc.constantFrom(...LOCALES)).map((locale) => ({ locale }))],
    ['keyboard', nearly(fc.constantFrom(...KEYBOARD_LAYOUTS)).map((layout) => ({ keyboard: { layout } }))],
    ['vendorIso', nearly(path).map((vendorIso) => ({ vendorIso }))],
    [
      'packages',
      nearly(fc.stringMatching(/^(@\^?)?[A-Za-z0-9][A-Za-z0-9+._-]{0,20}$/)).map((name) => ({
        // Debian's are fewer, which the server alone knows.
        os: { family: 'fedora', version: '43' },
        packages: [name],
      })),
    ],
    [
      'version',
      nearly(fc.stringMatching(/^[\w.]{1,16}$/)).map((version) => ({ os: { family: 'fedora', version } })),
    ],
    [
      'productKey',
      nearly(fc.stringMatching(/^([A-Z0-9]{5}-){4}[A-Z0-9]{5}$/)).map((productKey) => ({
        ...windows,
        productKey,
      })),
    ],
    [
      'password',
      fc
        .string({ unit: 'binary', maxLength: 60 })
        .map((password) => ({ users: [{ name: 'ada', password }] })),
    ],
    [
      'sshKeys',
      nearly(fc.stringMatching(/^ssh-(ed25519|rsa) [A-Za-z0-9+/]{16,40}={0,2}( [a-z@]{1,9})?$/)).map(
        (key) => ({
          users: [{ name: 'ada', sshKeys: [key] }],
        }),
      ),
    ],
    [
      'passwordHash',
      nearly(fc.stringMatching(/^\$6\$(rounds=\d{1,9}\$)?[./A-Za-z0-9]{1,16}\$[./A-Za-z0-9]{43,60}$/)).map(
        (passwordHash) => ({
          users: [{ name: 'ada', passwordHash }],
        }),
      ),
    ],
    [
      'firstBootScripts.order',
      fc
        .oneof(fc.integer(), fc.nat(1_000_000), fc.double())
        .map((order) => ({ firstBootScripts: [{ scriptId: base.vmId, order }] })),
    ],
    [
      'any of the fields',
      fc.dictionary(
        fc.constantFrom(...Object.keys(MediaRequest.shape).filter((name) => !SERVERS_OWN.has(name))),
        fc.jsonValue({ maxDepth: 2 }),
        { maxKeys: 1 },
      ),
    ],
  ];

  it.each(cases)('says of any %s what the server says', (_, arbitrary) => {
    let taken = 0;
    fc.assert(
      fc.property(arbitrary, (more) => {
        const { schema, server } = verdicts(more);
        taken += Number(server);
        expect(schema).toBe(server);
      }),
      { numRuns: 200 },
    );
    // A property about refusals alone would prove little.
    expect(taken).toBeGreaterThan(0);
  });

  it('takes every zone that the server takes, and leaves it to the server which of the rest there are', () => {
    for (const timezone of timeZones())
      expect(verdicts({ timezone })).toEqual({ schema: true, server: true });
    expect(verdicts({ timezone: 'Europe/Berln' })).toEqual({ schema: true, server: false });
  });

  it('takes every URL that the server takes', () => {
    fc.assert(
      fc.property(
        nearly(fc.webUrl({ withQueryParameters: true, validSchemes: ['http', 'https'] })),
        (mirror) => {
          const { schema, server } = verdicts({ mirror });
          expect([mirror, schema]).toEqual([mirror, server || schema]);
        },
      ),
    );
  });
});
