import { describe, expect, it } from '@jest/globals';
import { type DeliveredRow, judgeRows, judgeRowsOfPublicAgent } from './hello.js';

const at = (seconds: number): Date => new Date(Date.UTC(2026, 0, 1) + seconds * 1000);
const row = (more: Partial<DeliveredRow> = {}): DeliveredRow => ({
  id: 'row',
  attempt: 1,
  deliveryStartedAt: at(0),
  startConfirmed: false,
  bootId: null,
  ...more,
});
const hello = { runs: [], bootId: 'boot-1', spoolChanged: false, receivedAt: at(10) };
const listed = { execution_id: 'row', attempt: 1, state: 'running' as const, boot_id: 'boot-1' };
const judge = (of: DeliveredRow, more: Partial<Parameters<typeof judgeRows>[1]> = {}) =>
  judgeRows([of], { ...hello, ...more })[0];

describe('what a hello says of the rows that were out before it', () => {
  it('keeps what the agent lists', () => {
    expect(judge(row(), { runs: [listed] })).toMatchObject({ action: 'keep' });
  });

  it('gives back what was never accepted', () => {
    expect(judge(row())).toMatchObject({ action: 'return' });
    expect(judge(row(), { runs: [{ ...listed, attempt: 2 }] })).toMatchObject({ action: 'return' });
  });

  it('judges nothing that went out after it was said', () => {
    expect(judge(row({ deliveryStartedAt: at(11) }))?.action ?? 'keep').toBe('keep');
  });

  it.each([
    [{ startConfirmed: true, bootId: 'boot-1' }, {}, 'AGENT_LOST'],
    [{ startConfirmed: true, bootId: 'boot-0' }, {}, 'INTERRUPTED_BY_REBOOT'],
    [{ bootId: 'boot-1' }, { spoolChanged: true }, 'AGENT_LOST'],
  ])('ends what may have run: %j, %j is %s', (of, more, failureReason) => {
    expect(judge(row(of), more)).toMatchObject({ action: 'fail', failureReason });
  });

  it('ends what an agent without a memory had', () => {
    expect(judgeRowsOfPublicAgent([row()], at(10))[0]).toMatchObject({
      action: 'fail',
      failureReason: 'AGENT_LOST',
    });
  });
});
