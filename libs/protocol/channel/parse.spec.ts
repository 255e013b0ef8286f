import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { type ParsedLine, parseGuestLine, recoverCompletion } from './parse.js';

const good = '{"type":"ping","n":1}';

describe('parseGuestLine', () => {
  it('takes a whole message behind the prefix of a torn write', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: good.length - 1 }), (length) => {
        expect(parseGuestLine(good.slice(0, length) + good)).toMatchObject({ kind: 'message', torn: true });
      }),
    );
  });

  it('never throws, whatever a guest sends', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.json()), (text) => void parseGuestLine(text)),
      { numRuns: 2000 },
    );
  });

  it('does not parse what is nested without end, or has too many values for its type', () => {
    const deep = `{"type":"ping","a":${'['.repeat(30_000)}${']'.repeat(30_000)}}`;
    expect(parseGuestLine(deep)).toMatchObject({
      kind: 'over',
      reason: expect.stringContaining('24 levels'),
    });
    const many = (type: string, count: number): ParsedLine =>
      parseGuestLine(JSON.stringify({ type, id: 'x', success: true, data: Array(count).fill(0) }));
    expect(many('ping', 19_000)).toMatchObject({ kind: 'message' });
    expect(many('ping', 21_000)).toMatchObject({ kind: 'over', reason: expect.stringContaining('20000') });
    expect(many('response', 49_000)).toMatchObject({ kind: 'message' });
    expect(many('response', 51_000)).toMatchObject({
      kind: 'over',
      reason: expect.stringContaining('50000'),
    });
  });

  it('does not parse what has too many bytes for its type', () => {
    const long = (type: string, length: number): string =>
      JSON.stringify({ type, id: 'x', success: true, stdout: 'x'.repeat(length) });
    expect(parseGuestLine(long('ping', 70_000))).toMatchObject({
      kind: 'over',
      reason: 'a message ping of 70051 bytes; the limit is 65536',
    });
    expect(parseGuestLine(long('response', 1_000_000))).toMatchObject({ kind: 'message' });
    expect(parseGuestLine(long('response', 1_100_000))).toMatchObject({ kind: 'over' });
    // Whoever says what it is behind 4 KiB of something else has the least.
    const late = `{"a":"${'x'.repeat(5000)}","type":"response","id":"x","success":true,"stdout":"${'x'.repeat(70_000)}"}`;
    expect(parseGuestLine(late)).toMatchObject({ kind: 'over', reason: expect.stringContaining('65536') });
  });

  it('looks at the first values of 4 MiB of small ones, not at all of them', () => {
    for (const text of [
      `{"type":"script_completion","a":[${'0,'.repeat(2_000_000)}0]}`,
      `{"type":"script_output","a":{${'"":0,'.repeat(800_000)}"":0}}`,
    ])
      expect(parseGuestLine(text)).toMatchObject({ kind: 'over', nodes: 20_001 });
  });

  it('counts no values and no levels inside of strings, and takes no type from there', () => {
    const text = JSON.stringify({
      note: '{"type":"response","',
      type: 'script_completion',
      execution_id: 'e',
      exit_code: 0,
      stdout: '[{,\\"'.repeat(100_000),
    });
    expect(parseGuestLine(text)).toMatchObject({ kind: 'message', message: { type: 'script_completion' } });
  });

  it('takes an object with id and success for a response, as old agents send it', () => {
    expect(parseGuestLine('{"id":"1","success":true}')).toMatchObject({
      kind: 'message',
      message: { type: 'response', success: true },
    });
  });

  it('tells an unknown type from a malformed known one', () => {
    expect(parseGuestLine('{"type":"dance"}')).toMatchObject({ kind: 'unknown', type: 'dance' });
    expect(parseGuestLine('{"type":"script_completion","exit_code":0}')).toMatchObject({
      kind: 'invalid',
      reason: expect.stringContaining('execution_id'),
    });
  });

  it('answers a request with a malformed time anyway', () => {
    expect(
      parseGuestLine('{"type":"request_pending_scripts","vm_id":"x","timestamp":12,"request_timestamp":{}}'),
    ).toMatchObject({ kind: 'message' });
  });

  it('is not led astray by __proto__', () => {
    const parsed = parseGuestLine('{"type":"ping","__proto__":{"polluted":true}}');
    expect(parsed.kind).toBe('message');
    expect(({} as Record<string, unknown>)['polluted']).toBeUndefined();
  });
});

describe('recoverCompletion', () => {
  const line = (output: string): string =>
    `{"type":"script_completion","execution_id":"e-1","exit_code":3,"attempt":2,"stdout":"${output}"}`;

  it('finds id, exit code and attempt in front of a long output', () => {
    expect(recoverCompletion(line('x').slice(0, 90), 'xxx"}')).toEqual({
      executionId: 'e-1',
      exitCode: 3,
      attempt: 2,
    });
  });

  it('believes what stands in front, not what a script has printed', () => {
    expect(
      recoverCompletion(line('').slice(0, 90), '\\"exit_code\\":0 "exit_code":0,"execution_id":"e-2"'),
    ).toMatchObject({ executionId: 'e-1', exitCode: 3 });
  });

  it('gives nothing when it cannot be sure', () => {
    expect(recoverCompletion('{"type":"metrics"', '')).toBeNull();
    expect(recoverCompletion('{"type":"script_completion","stdout":"', '')).toBeNull();
  });
});
