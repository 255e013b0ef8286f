import { expect, it } from '@jest/globals';
import fc from 'fast-check';
import {
  AuditEntry,
  claimDue,
  EVENTS_KEPT_PER_KIND,
  MachineEvent,
  recordAudit,
  recordDelivery,
  recordMachineEvent,
  saveLiveOutput,
  trimMachineEvents,
} from '../index.js';
import { storable } from '#protocol';
import { newId, onBothDatabases } from '../../../test/support/servers/databases.js';
import { machineWithLease, readExecution, schedule } from '../../../test/support/rows/rows.js';

/**
 * Text as a hostile guest would choose it: the words and signs of SQL and of the driver's own placeholders
 * among any Unicode.
 */
const hostileText = fc
  .array(
    fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.constantFrom(
        "'",
        "''",
        '"',
        '\\',
        '?',
        '??',
        '\\?',
        '$1',
        ':name',
        '--',
        '/*',
        ';',
        '\0',
        '\uD800',
        '\n',
        '`',
        '%',
        "');drop table machine;--",
      ),
    ),
    { maxLength: 12 },
  )
  .map((pieces) => pieces.join(''));

onBothDatabases('text from a guest', (given) => {
  it('comes back as it was stored, whatever signs it holds', async () => {
    const { database } = given();
    const machineId = await machineWithLease(database, 'host-a#1');
    const [row] = await schedule(database, { machineId });
    const [claimed] = await claimDue(database.work(), { machineId, owner: 'host-a#1', capacity: 1 });
    await recordDelivery(database.work(), claimed!, 'host-a#1');
    await fc.assert(
      fc.asyncProperty(hostileText, hostileText, async (stdout, stderr) => {
        const saved = await saveLiveOutput(database.work(), {
          machineId,
          executionId: row!.id,
          attempt: 1,
          stdout: storable(stdout),
          stderr: storable(stderr),
          stdoutBytes: 1,
          stderrBytes: 2 ** 40,
          truncated: false,
        });
        expect(saved).toBe(true);
        expect(await readExecution(database, row!.id)).toMatchObject({
          stdout: storable(stdout),
          stderr: storable(stderr),
          stderrBytes: 2 ** 40,
        });
      }),
      { numRuns: 150 },
    );
  }, 60_000);

  it('is recorded as an event in full, also inside nested data', async () => {
    const { database } = given();
    await fc.assert(
      fc.asyncProperty(
        hostileText,
        fc.anything({
          withNullPrototype: false,
          key: fc.oneof(fc.string({ unit: 'binary', maxLength: 9 }), fc.constantFrom('\0', 'a\uD800')),
        }),
        async (message, data) => {
          const machineId = newId();
          let plain: unknown;
          try {
            plain = JSON.parse(JSON.stringify(data ?? null));
          } catch {
            return;
          }
          await recordMachineEvent(database.work(), {
            machineId,
            kind: 'agent',
            severity: 'info',
            code: 'agent.event',
            message,
            executionId: message.slice(0, 200),
            data: plain,
          });
          const [event] = await database.work().find(MachineEvent, { machineId });
          expect(event!.message).toBe(storable(message).slice(0, 8192));
        },
      ),
      { numRuns: 100 },
    );
  }, 60_000);
});

onBothDatabases("a machine's events", (given) => {
  it('are kept up to a number of each kind, the newest', async () => {
    const { database } = given();
    const machineId = newId();
    const extra = 5;
    await database.transaction(async (work) => {
      for (let n = 0; n < EVENTS_KEPT_PER_KIND + extra; n += 1) {
        work.persist(
          work.create(
            MachineEvent,
            {
              id: newId(),
              machineId,
              kind: 'agent',
              severity: 'info',
              code: 'x',
              message: String(n),
              createdAt: new Date(1_700_000_000_000 + n),
            },
            { partial: true },
          ),
        );
      }
      await work.flush();
    });
    await recordMachineEvent(database.work(), {
      machineId,
      kind: 'security',
      severity: 'warn',
      code: 's',
      message: 'stays',
    });
    expect(await trimMachineEvents(database.work(), machineId, 'agent')).toBe(extra);
    const left = await database
      .work()
      .find(MachineEvent, { machineId, kind: 'agent' }, { orderBy: { createdAt: 'asc' } });
    expect(left).toHaveLength(EVENTS_KEPT_PER_KIND);
    expect(left[0]!.message).toBe(String(extra));
    expect(await database.work().count(MachineEvent, { machineId, kind: 'security' })).toBe(1);
    expect(await trimMachineEvents(database.work(), machineId, 'agent')).toBe(0);
  });
});

onBothDatabases('the audit', (given) => {
  it('is written with the change or not at all', async () => {
    const { database } = given();
    const entry = {
      actor: 'console',
      action: 'script.update',
      subjectType: 'script',
      subjectId: newId(),
      correlationId: 'c-1',
    };
    await database.transaction((work) =>
      recordAudit(work, { ...entry, before: { version: 1 }, after: { version: 2 } }),
    );
    const failed = { ...entry, subjectId: newId() };
    await expect(
      database.transaction(async (work) => {
        await recordAudit(work, failed);
        throw new Error('the change failed');
      }),
    ).rejects.toThrow('the change failed');
    expect(await database.work().find(AuditEntry, { subjectId: entry.subjectId })).toMatchObject([
      { before: { version: 1 }, after: { version: 2 } },
    ]);
    expect(await database.work().count(AuditEntry, { subjectId: failed.subjectId })).toBe(0);
  });
});
