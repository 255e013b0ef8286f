import { randomUUID } from 'node:crypto';
import { storable } from '#protocol';
import type { Work } from '../database.js';
import { MachineEvent } from '../entities/records.js';
import { databaseNow } from '../sql.js';
import { storableJson } from '../storable.js';

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
