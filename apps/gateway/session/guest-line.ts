import {
  CHANNEL_LIMITS,
  type DecodedLine,
  type GuestMessage,
  parseGuestLine,
  recoverCompletion,
  type ScriptCompletion,
} from '#protocol';
import type { Guest } from './guest.js';
import { completionWithoutOutput } from './results.js';

/** Of each end of a line that is not read, for what can be found of a result there. */
const KEPT_CHARACTERS = 4096;

/** What a line says, within the guest's budget. */
export type Said =
  | { kind: 'message'; message: GuestMessage }
  /** A result that was too much to be read: what was found of it. */
  | { kind: 'recovered'; completion: ScriptCompletion };

/** Reads one line; what is no message is counted and told of. @returns null for such a line */
export async function readLine(
  { events, budget, context }: Pick<Guest, 'events' | 'budget' | 'context'>,
  line: DecodedLine,
): Promise<Said | null> {
  const { lines } = context.counters;
  if (line.kind === 'oversized') {
    lines.inc({ kind: 'oversized' });
    budget.parsed(line.bytes, 0);
    budget.skipped();
    await events.once(
      'line.oversized',
      `a line of ${line.bytes} bytes was skipped; the limit is ${CHANNEL_LIMITS.lineFromGuest}`,
    );
    return recovered(line.head, line.tail, line.bytes);
  }
  const { text, bytes } = line;
  const parsed = parseGuestLine(text, bytes);
  budget.parsed(bytes, parsed.nodes);
  switch (parsed.kind) {
    case 'invalid':
      lines.inc({ kind: 'invalid' });
      await events.once('line.invalid', `a line was not understood: ${parsed.reason}`);
      return null;
    case 'over':
      lines.inc({ kind: 'oversized' });
      budget.skipped();
      await events.once('line.oversized', `${parsed.reason}; it was not read`);
      return recovered(text.slice(0, KEPT_CHARACTERS), text.slice(-KEPT_CHARACTERS), bytes);
    case 'unknown':
      lines.inc({ kind: 'unknown' });
      await events.once(
        `line.unknown.${parsed.type}`,
        `messages of the unknown type ${parsed.type} are ignored`,
      );
      return null;
    case 'message':
      lines.inc({ kind: parsed.message.type });
      return parsed;
    default:
      return parsed satisfies never;
  }
}

function recovered(head: string, tail: string, bytes: number): Said | null {
  const found = recoverCompletion(head, tail);
  return found && { kind: 'recovered', completion: completionWithoutOutput(found, bytes) };
}
