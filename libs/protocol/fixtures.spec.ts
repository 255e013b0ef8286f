import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { signEnvelope, verifyEnvelope } from './channel/envelope.js';
import { GuestMessage } from './channel/guest-messages.js';
import { HostMessage } from './channel/host-messages.js';
import { parseGuestLine } from './channel/parse.js';

const here = import.meta.dirname;
const fixtures = (folder: string): [string, string][] =>
  readdirSync(join(here, 'fixtures', folder)).map((name) => [
    name,
    readFileSync(join(here, 'fixtures', folder, name), 'utf8'),
  ]);

const typesOf = (texts: [string, string][]): Set<string> =>
  new Set(texts.map(([, text]) => (JSON.parse(text) as { type?: string }).type ?? 'response'));

describe('fixtures', () => {
  it.each(fixtures('to-host'))('%s is understood as a message of a guest', (_name, text) => {
    const parsed = parseGuestLine(JSON.stringify(JSON.parse(text)));
    expect(parsed).toMatchObject({ kind: 'message', torn: false });
  });

  it.each(fixtures('to-guest'))('%s is exactly a message of the host', (_name, text) => {
    expect(HostMessage.parse(JSON.parse(text))).toEqual(JSON.parse(text));
  });

  it('has one of each type, both ways', () => {
    expect(typesOf(fixtures('to-host'))).toEqual(
      new Set(GuestMessage.options.map((option) => option.shape.type.value)),
    );
    expect(typesOf(fixtures('to-guest'))).toEqual(
      new Set(HostMessage.options.map((option) => option.shape.type.value)),
    );
  });

  it('keeps what a completion says, to the last field', () => {
    const text =
      fixtures('to-host').find(([name]) => name === 'script_completion.timeout.v1.json')?.[1] ?? '';
    const parsed = parseGuestLine(text);
    expect(parsed.kind === 'message' && parsed.message).toMatchObject(JSON.parse(text) as object);
  });

  it('signs the reference vector', () => {
    const {
      key,
      sig,
      v: _v,
      ...fields
    } = JSON.parse(readFileSync(join(here, 'fixtures/envelope.v1.json'), 'utf8')) as Record<
      string,
      string
    > & { ts: number };
    const envelope = signEnvelope(String(key), fields as never);
    expect(envelope.sig).toBe(sig);
    expect(verifyEnvelope(String(key), envelope)).toBe(true);
    expect(verifyEnvelope('another-key', envelope)).toBe(false);
  });
});
