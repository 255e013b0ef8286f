import { beforeEach } from '@jest/globals';
import {
  claimDue,
  type Completion,
  type CompletionResult,
  endByVerdict,
  recordCompletion,
  recordDelivery,
  requestCancel,
  type ScriptExecution,
} from '#db';
import type { TestDatabase } from '../servers/databases.js';
import { completion, machineWithLease, readExecution, schedule } from './rows.js';

export const OWNER = 'host-a#1';

/** The steps of a run on a machine that each test has for itself, without a gateway. */
export function runLife(given: () => TestDatabase) {
  let machineId = '';
  beforeEach(async () => {
    machineId = await machineWithLease(given().database, OWNER);
  });
  const claimAndDeliver = async (): Promise<void> => {
    const { database } = given();
    const rows = await claimDue(database.work(), { machineId, owner: OWNER, capacity: 10 });
    for (const row of rows) await recordDelivery(database.work(), row, OWNER);
  };
  return {
    machine: (): string => machineId,
    claimAndDeliver,
    /** A row that is out at the guest. */
    delivered: async (more: { scriptId?: string } = {}): Promise<ScriptExecution> => {
      const [row] = await schedule(given().database, { machineId, ...more });
      await claimAndDeliver();
      return readExecution(given().database, row!.id);
    },
    cancel: (id: string): ReturnType<typeof requestCancel> =>
      given().database.transaction((work) => requestCancel(work, id)),
    record: (differences: Partial<Completion> & { executionId: string }): Promise<CompletionResult> =>
      given().database.transaction((work) =>
        recordCompletion(work, completion({ machineId, ...differences }, differences)),
      ),
    verdict: (id: string, status: 'TIMEOUT' | 'FAILED', epoch?: number): Promise<string | null> =>
      given().database.transaction((work) =>
        endByVerdict(work, {
          id,
          status,
          failureReason: status === 'FAILED' ? 'AGENT_LOST' : null,
          error: 'no word',
          ...(epoch === undefined ? {} : { epoch }),
        }),
      ),
  };
}
