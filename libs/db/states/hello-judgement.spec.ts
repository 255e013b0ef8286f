import { describe, expect, it } from '@jest/globals';
import { type HelloNews, judgeRow } from './hello-judgement.js';

const row = (more: Partial<Parameters<typeof judgeRow>[0]> = {}): Parameters<typeof judgeRow>[0] => ({
  id: 'row',
  attempt: 1,
  startConfirmed: false,
  bootId: null,
  ...more,
});
const judge = (of: ReturnType<typeof row>, more: Partial<HelloNews> = {}) =>
  judgeRow(of, { runs: [], bootId: 'boot-1', bootBefore: 'boot-1', spoolChanged: false, ...more });
const listed = { execution_id: 'row', attempt: 1 };

describe('what a hello says of a row that was out before it', () => {
  it('keeps what the agent lists', () => {
    expect(judge(row(), { runs: [listed] })).toEqual({ action: 'keep' });
  });

  it('gives back what was never accepted, in whatever boot', () => {
    expect(judge(row())).toEqual({ action: 'return' });
    expect(judge(row(), { bootBefore: 'boot-0' })).toEqual({ action: 'return' });
    expect(judge(row(), { runs: [{ ...listed, attempt: 2 }] })).toEqual({ action: 'return' });
  });

  it.each([
    [{ startConfirmed: true, bootId: 'boot-1' }, {}, 'AGENT_LOST'],
    [{ startConfirmed: true, bootId: 'boot-0' }, {}, 'INTERRUPTED_BY_REBOOT'],
    [{ startConfirmed: true }, { bootBefore: 'boot-0' }, 'INTERRUPTED_BY_REBOOT'],
    [{}, { spoolChanged: true }, 'AGENT_LOST'],
    [{}, { spoolChanged: true, bootBefore: 'boot-0' }, 'INTERRUPTED_BY_REBOOT'],
    [{}, { spoolChanged: true, bootBefore: null }, 'AGENT_LOST'],
    [{ startConfirmed: true, bootId: 'boot-0' }, { bootId: null }, 'AGENT_LOST'],
  ])('ends what may have run: %j, %j is %s', (of, more, failureReason) => {
    expect(judge(row(of), more)).toMatchObject({ action: 'fail', failureReason });
  });

  it('ends what an agent without a memory had', () => {
    expect(judge(row(), { runs: null, bootBefore: 'boot-0' })).toMatchObject({
      action: 'fail',
      failureReason: 'AGENT_LOST',
    });
  });
});
