import { z } from 'zod';
import { dbInt, guestCount, guestText, guestWord, INT } from '../storable.js';

/**
 * Times on the channel: RFC 3339. Guests' clocks and formats vary, so a malformed one costs the field, not
 * the message.
 */
export const looseTime = guestWord(64).nullish().catch(null);
/** Text from a guest, cut at a limit rather than refused: the rest of the message still counts. */
export const looseText = (limit: number) => guestText(limit).nullish().catch(null);
export const executionId = guestWord(128).min(1);
export const attempt = dbInt(1, 1_000_000);
export const byteCount = guestCount();
export const sha256Hex = guestWord(64).regex(/^[0-9a-f]{64}$/);
export const session = guestWord(64).min(1);
/** Of one hello and its repetitions: 16 random bytes as hexadecimal. */
export const helloToken = guestWord(32).regex(/^[0-9a-f]{32}$/);
export const i32 = guestCount(INT.min, 4_294_967_295);

/** Whether the installation of the guest's system still goes on; first-boot scripts wait for its end. */
export const setupState = z.enum(['running', 'done']);
export type SetupState = z.output<typeof setupState>;

/**
 * The install medium that an installation came from, and the proof that only this medium carries: 32 random
 * bytes in hexadecimal digits.
 */
export const provedMedium = z.object({
  id: guestWord(36).regex(/^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/),
  proof: sha256Hex,
});
export type ProvedMedium = z.output<typeof provedMedium>;

/** Entry of the agent's spool that the host has not acked (scripts: what is out there). */
export const runEntry = z.object({
  execution_id: executionId,
  attempt,
  state: z.enum(['accepted', 'running', 'finished']),
  boot_id: guestWord(64),
});
export type RunEntry = z.output<typeof runEntry>;
export const runList = z.array(runEntry).max(1024);
