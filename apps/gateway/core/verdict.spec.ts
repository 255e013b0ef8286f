import { describe, expect, it } from '@jest/globals';
import { verdictOf } from './verdict.js';

const said = (exitCode: number, more: object = {}): object =>
  verdictOf({ exit_code: exitCode, stderr: '', signal: null, ...more });

describe('what a completion means', () => {
  it.each([
    [0, {}, 'SUCCESS', null],
    [1, {}, 'FAILED', 'EXIT_CODE'],
    [-1, {}, 'FAILED', 'NOT_STARTED'],
    [1, { stderr: 'Command execution failed: no such file' }, 'FAILED', 'NOT_STARTED'],
    [1, { stderr: 'Command execution failed: operation timed out' }, 'TIMEOUT', null],
    [1, { stderr: 'Command execution failed: timeout after 600s' }, 'TIMEOUT', null],
    // Only the agent's own sentence counts, and only with its own code.
    [1, { stderr: 'curl: Command execution failed: timeout' }, 'FAILED', 'EXIT_CODE'],
    [2, { stderr: 'Command execution failed: timeout' }, 'FAILED', 'EXIT_CODE'],
  ])(
    'of an agent that gives no status: exit code %i %j is %s %s',
    (exitCode, more, status, failureReason) => {
      expect(said(exitCode, more)).toMatchObject({ status, failureReason });
    },
  );

  it.each([
    ['success', 0, 'SUCCESS', null],
    ['failed', 3, 'FAILED', 'EXIT_CODE'],
    ['failed', -1, 'FAILED', 'NOT_STARTED'],
    ['timeout', -1, 'TIMEOUT', null],
    ['cancelled', -1, 'CANCELLED', null],
    ['interrupted', -1, 'FAILED', 'INTERRUPTED_BY_REBOOT'],
  ])('of an agent that says %s with %i is %s %s', (status, exitCode, expected, failureReason) => {
    expect(said(exitCode, { status })).toMatchObject({ status: expected, failureReason });
  });

  it('tells a restart of the machine from the end of what watched the script', () => {
    const interrupted = {
      exit_code: -1,
      status: 'interrupted',
      stderr: '',
      signal: null,
      boot_id: 'b-1',
    } as const;
    expect(verdictOf(interrupted, 'b-2')).toMatchObject({ failureReason: 'INTERRUPTED_BY_REBOOT' });
    expect(verdictOf(interrupted, 'b-1')).toMatchObject({ failureReason: 'AGENT_LOST' });
    expect(verdictOf(interrupted, null)).toMatchObject({ failureReason: 'INTERRUPTED_BY_REBOOT' });
  });

  it('names the signal that ended a script', () => {
    expect(said(-1, { status: 'failed', signal: 9 })).toMatchObject({
      failureReason: 'EXIT_CODE',
      error: 'the script was ended by signal 9',
    });
  });
});
