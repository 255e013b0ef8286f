import { expect, it } from '@jest/globals';
import {
  COMMAND_STATES,
  EXECUTION_STATUSES,
  executionStatus,
  FAILURE_REASONS,
  isFinal,
  isLoss,
  isOpen,
  isOpenCommand,
  OPEN_STATUSES,
} from './index.js';

it('an execution is open until it has ended', () => {
  expect(OPEN_STATUSES).toEqual(['PENDING', 'RUNNING']);
  expect(EXECUTION_STATUSES.filter(isFinal)).toEqual(['SUCCESS', 'FAILED', 'TIMEOUT', 'CANCELLED']);
  for (const status of EXECUTION_STATUSES) expect(isOpen(status)).toBe(!isFinal(status));
});

it('a command is open until it was answered or given up', () => {
  expect(COMMAND_STATES.filter(isOpenCommand)).toEqual(['PENDING', 'SENT']);
});

it('a run is lost when nobody knows how it ended', () => {
  expect(FAILURE_REASONS.filter(isLoss)).toEqual(['INTERRUPTED_BY_REBOOT', 'AGENT_LOST']);
  expect(isLoss(null)).toBe(false);
});

it('the schema knows the same statuses', () => {
  expect(executionStatus.options).toEqual(EXECUTION_STATUSES);
});
