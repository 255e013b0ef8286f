import { expect, it } from '@jest/globals';
import { type Database, inputContext } from '#db';
import type { ScriptCompletion } from '#protocol';
import { seal } from '#secrets';
import { onBothDatabases } from '../../../test/support/servers/databases.js';
import { machineWithLease, readExecution, schedule, script } from '../../../test/support/rows/rows.js';
import type { Guest } from './guest.js';
import { commitCompletion } from './results.js';

const KEY = '5e'.repeat(32);

onBothDatabases('what a guest observed', (given) => {
  it('is searched for passwords before its transaction begins, which others wait for', async () => {
    const { database } = given();
    const machineId = await machineWithLease(database);
    const scriptId = await script(database, 'echo');
    const password = 'correct-horse-battery';
    const sealed = seal(KEY, inputContext(scriptId, 'password'), password);
    const [row] = await schedule(database, { machineId, scriptId, inputValues: { password: { sealed } } });
    const executionId = row?.id ?? '';
    let isOpen = false;
    const opened: boolean[] = [];
    const watched = {
      work: () => database.work(),
      groupedTransaction: (run: Parameters<Database['groupedTransaction']>[0]) =>
        database.groupedTransaction(async (work) => {
          isOpen = true;
          try {
            return await run(work);
          } finally {
            isOpen = false;
          }
        }),
    };
    const guest = {
      machineId,
      isOurs: true,
      facts: { bootId: 'boot-1', os: 'linux' },
      context: {
        database: watched,
        config: {
          get SECRETS_KEY() {
            opened.push(isOpen);
            return KEY;
          },
        },
        counters: { completions: { inc: () => undefined } },
        bus: { emit: () => undefined },
      },
    } as unknown as Guest;
    const message: ScriptCompletion = {
      type: 'script_completion',
      ...{ timestamp: null, execution_id: executionId, exit_code: 0, log_file: null, started_at: null },
      ...{ stdout: `login ${password}\n`, stderr: '', signal: null, attempt: 1, status: 'success' },
    };
    expect(await commitCompletion(guest, message)).toBe('recorded');
    expect((await readExecution(database, executionId)).stdout).toBe(
      `login ${'*'.repeat(password.length)}\n`,
    );
    expect(opened.length).toBeGreaterThan(0);
    expect(opened).not.toContain(true);
  });
});
