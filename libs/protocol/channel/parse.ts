import { GuestMessage } from './guest-messages.js';
import { CHANNEL_LIMITS } from './limits.js';

export type ParsedLine =
  | {
      kind: 'message';
      message: GuestMessage;
      /** Bytes of garbage in front were thrown away. */ torn: boolean;
    }
  | { kind: 'unknown'; type: string }
  | { kind: 'invalid'; reason: string };

/**
 * Understands one line from a guest. Invalid JSON is tried once more from the last `{"type":`, since an agent
 * that retried a torn write glues a prefix to a whole line. An object with `id` and `success` but no type is
 * a `response`, as old agents send it.
 */
export function parseGuestLine(text: string): ParsedLine {
  const whole = parseJson(text);
  if (whole !== undefined) return understand(whole, false);
  const restart = text.lastIndexOf('{"type":');
  if (restart > 0) {
    const rest = parseJson(text.slice(restart));
    if (rest !== undefined) return understand(rest, true);
  }
  return { kind: 'invalid', reason: 'not JSON' };
}

/** What can be read of a result that was too long. */
export interface RecoveredCompletion {
  executionId: string;
  exitCode: number;
  attempt: number | null;
}

/**
 * From a line that was too long to keep: which run it was about and how it ended, if that can still be read.
 */
export function recoverCompletion(head: string, tail: string): RecoveredCompletion | null {
  if (!head.includes('"script_completion"') && !tail.includes('"script_completion"')) return null;
  const executionId = find(/"execution_id"\s*:\s*"([^"\\]{1,128})"/, head, tail);
  const exitCode = find(/"exit_code"\s*:\s*(-?\d{1,10})\b/, head, tail);
  if (executionId === null || exitCode === null) return null;
  const attempt = find(/"attempt"\s*:\s*(\d{1,7})\b/, head, tail);
  return { executionId, exitCode: Number(exitCode), attempt: attempt === null ? null : Number(attempt) };
}

/**
 * The field as it stands before or after the long output; a script that prints such text cannot stand before
 * the real one.
 */
function find(pattern: RegExp, head: string, tail: string): string | null {
  return pattern.exec(head)?.[1] ?? lastMatch(pattern, tail);
}

function lastMatch(pattern: RegExp, text: string): string | null {
  return [...text.matchAll(new RegExp(pattern, 'g'))].at(-1)?.[1] ?? null;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}

function understand(value: unknown, torn: boolean): ParsedLine {
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    return { kind: 'invalid', reason: 'not an object' };
  if (!isBounded(value, 0)) return { kind: 'invalid', reason: 'nested too deeply or with too many entries' };
  const candidate = value as Record<string, unknown>;
  if (candidate['type'] === undefined && 'id' in candidate && 'success' in candidate)
    candidate['type'] = 'response';
  const { type } = candidate;
  if (typeof type !== 'string') return { kind: 'invalid', reason: 'without a type' };
  const result = GuestMessage.safeParse(candidate);
  if (result.success) return { kind: 'message', message: result.data, torn };
  if (!KNOWN_TYPES.has(type)) return { kind: 'unknown', type: type.slice(0, 64) };
  const paths = result.error.issues.slice(0, 3).map((issue) => `${issue.path.join('.')}: ${issue.message}`);
  return { kind: 'invalid', reason: `${type}: ${paths.join('; ')}` };
}

const KNOWN_TYPES: ReadonlySet<string> = new Set(
  GuestMessage.options.map((option) => option.shape.type.value as string),
);

function isBounded(value: unknown, depth: number): boolean {
  if (typeof value !== 'object' || value === null) return true;
  if (depth >= CHANNEL_LIMITS.depth) return false;
  const entries = Object.values(value);
  return entries.length <= CHANNEL_LIMITS.entries && entries.every((entry) => isBounded(entry, depth + 1));
}
