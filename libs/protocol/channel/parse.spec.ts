import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { parseGuestLine, recoverCompletion } from './parse.js';

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

  it('refuses what is nested without end, and what has too many entries', () => {
    const deep = `{"type":"ping","a":${'['.repeat(100_000)}${']'.repeat(100_000)}}`;
    expect(parseGuestLine(deep)).toMatchObject({ kind: 'invalid' });
    expect(
      parseGuestLine(JSON.stringify({ type: 'ping', a: Array.from({ length: 5000 }, () => 0) })),
    ).toMatchObject({ kind: 'invalid' });
  });

  it('takes an object with id and success for a response, as old agents send it', () => {
    expect(parseGuestLine('{"id":"1","success":true}')).toMatchObject({
      kind: 'message',
      message: { type: 'response', success: true },
    });
  });

  it('tells an unknown type from a malformed known one', () => {
    expect(parseGuestLine('{"type":"dance"}')).toEqual({ kind: 'unknown', type: 'dance' });
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
