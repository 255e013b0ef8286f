import { randomUUID } from 'node:crypto';
import { storable } from '#protocol';
import type { Work } from '../database.js';
import { MachineEvent } from '../entities/records.js';
import { databaseNow } from '../sql.js';
import { storableJson } from '../storable.js';

/** How many events of one kind are kept per machine. */
export const EVENTS_KEPT_PER_KIND = 1000;
/** And how many bytes of them. */
export const EVENT_BYTES_KEPT_PER_KIND = 1_048_576;

export interface NewMachineEvent {
  machineId: string;
  kind: MachineEvent['kind'];
  severity: MachineEvent['severity'];
  code: string;
  message: string;
  executionId?: string | null;
  data?: unknown;
}

/** Records an event of a machine; text is made safe to store. @returns its bytes */
export async function recordMachineEvent(work: Work, event: NewMachineEvent): Promise<number> {
  const message = storable(event.message).slice(0, 8192);
  const data = event.data === undefined ? null : storableJson(event.data);
  const bytes = Buffer.byteLength(message) + (data === null ? 0 : Buffer.byteLength(JSON.stringify(data)));
  work.persist(
    work.create(MachineEvent, {
      id: randomUUID(),
      machineId: event.machineId,
      kind: event.kind,
      severity: event.severity,
      code: event.code,
      message,
      executionId: event.executionId ? storable(event.executionId).slice(0, 128) : null,
      data,
      bytes,
      createdAt: await databaseNow(work),
    }),
  );
  await work.flush();
  return bytes;
}

/** Deletes a machine's oldest events of a kind that are over the limits. @returns how many rows went */
export async function trimMachineEvents(
  work: Work,
  machineId: string,
  kind: MachineEvent['kind'],
): Promise<number> {
  const rows = await work.execute<{ id: string }[]>(
    `delete from machine_event where id in (
       select id from (
         select id, row_number() over newest as place, sum(bytes) over newest as total from machine_event where machine_id = ? and kind = ?
         window newest as (order by created_at desc, id rows unbounded preceding)) counted
       where place > ? or total > ?) returning id`,
    [machineId, kind, EVENTS_KEPT_PER_KIND, EVENT_BYTES_KEPT_PER_KIND],
  );
  return rows.length;
}
