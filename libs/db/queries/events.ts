import { randomUUID } from 'node:crypto';
import type { Work } from '../database.js';
import { AuditEntry, MachineEvent } from '../entities/records.js';
import { databaseNow } from '../sql.js';

/** How many events of one kind are kept per machine. */
export const EVENTS_KEPT_PER_KIND = 1000;

export interface NewMachineEvent {
  machineId: string;
  kind: MachineEvent['kind'];
  severity: MachineEvent['severity'];
  code: string;
  message: string;
  executionId?: string | null;
  data?: unknown;
}

/** Records an event of a machine; text is made safe to store. */
export async function recordMachineEvent(work: Work, event: NewMachineEvent): Promise<void> {
  work.persist(
    work.create(MachineEvent, {
      id: randomUUID(),
      machineId: event.machineId,
      kind: event.kind,
      severity: event.severity,
      code: event.code,
      message: storable(event.message).slice(0, 8192),
      executionId: event.executionId ? storable(event.executionId).slice(0, 128) : null,
      data: event.data === undefined ? null : storableJson(event.data),
      createdAt: await databaseNow(work),
    }),
  );
  await work.flush();
}

/** Deletes a machine's oldest events of a kind that are over the limit. @returns how many rows went */
export async function trimMachineEvents(
  work: Work,
  machineId: string,
  kind: MachineEvent['kind'],
): Promise<number> {
  const rows = await work.execute<{ id: string }[]>(
    `delete from machine_event where id in (
       select id from machine_event where machine_id = ? and kind = ? order by created_at desc, id limit 1000000 offset ?) returning id`,
    [machineId, kind, EVENTS_KEPT_PER_KIND],
  );
  return rows.length;
}

/** Appends to the audit, in the transaction of the change itself. */
export async function recordAudit(
  work: Work,
  entry: Omit<AuditEntry, 'id' | 'createdAt' | 'before' | 'after'> & {
    before?: unknown;
    after?: unknown;
    /** The change's own time by the database's clock, when it is known: one question less. */
    createdAt?: Date;
  },
): Promise<void> {
  work.persist(
    work.create(AuditEntry, {
      ...entry,
      before: entry.before ?? null,
      after: entry.after ?? null,
      id: randomUUID(),
      createdAt: entry.createdAt ?? (await databaseNow(work)),
    }),
  );
  await work.flush();
}

/** Text that both databases store: PostgreSQL has no NUL, and a lone surrogate is no Unicode. */
export function storable(text: string): string {
  return text.replaceAll('\0', '\uFFFD').toWellFormed();
}

/** The same for every text inside a value from a guest. */
export function storableJson(value: unknown): unknown {
  return JSON.parse(
    JSON.stringify(value ?? null, (_key, entry: unknown) =>
      typeof entry === 'string' ? storable(entry) : entry,
    ),
  );
}
