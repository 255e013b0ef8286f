import { GuestMessage } from './guest-messages.js';
import { weighLine } from './weigh.js';

/** What a line said. */
type Understood =
  | {
      kind: 'message';
      message: GuestMessage;
      /** Bytes of garbage in front were thrown away. */ torn: boolean;
    }
  | { kind: 'unknown'; type: string }
  | { kind: 'invalid'; reason: string }
  /** Not parsed, for it has more than a message of its type may have. */
  | { kind: 'over'; reason: string };

/** With the number of values that were looked at: what it cost, beside its bytes. */
export type ParsedLine = Understood & { readonly nodes: number };

/**
 * Understands one line from a guest. It is weighed before it is parsed. Invalid JSON is tried once more
 * from the last `{"type":`, since an agent that retried a torn write glues a prefix to a whole line. An
 * object with `id` and `success` but no type is a `response`, as old agents send it.
 * @param bytes of the text
 */
export function parseGuestLine(text: string, bytes = Buffer.byteLength(text)): ParsedLine {
  const whole = weighedJson(text, bytes);
  if ('value' in whole) return { ...understand(whole.value, false), nodes: whole.nodes };
  const restart = text.lastIndexOf('{"type":');
  if (restart > 0) {
    const end = text.slice(restart);
    const rest = weighedJson(end, Buffer.byteLength(end));
    const nodes = whole.nodes + rest.nodes;
    if ('value' in rest) return { ...understand(rest.value, true), nodes };
  }
  const { nodes, over } = whole;
  return over === null
    ? { kind: 'invalid', reason: 'not JSON', nodes }
    : { kind: 'over', reason: over, nodes };
}

function weighedJson(
  text: string,
  bytes: number,
): { nodes: number; value: unknown } | { nodes: number; over: string | null } {
  const { type, nodes, over } = weighLine(text, bytes);
  if (over !== null) return { nodes, over: `${shown(type)} of ${over}` };
  try {
    return { nodes, value: JSON.parse(text) as unknown };
  } catch {
    return { nodes, over: null };
  }
}

const shown = (type: string | null): string =>
  type !== null && KNOWN_TYPES.has(type) ? `a message ${type}` : 'a line';

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

function understand(value: unknown, torn: boolean): Understood {
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    return { kind: 'invalid', reason: 'not an object' };
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
