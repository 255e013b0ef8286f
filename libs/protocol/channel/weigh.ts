import { CHANNEL_LIMITS, LINE_LIMITS, OTHER_LINES } from './limits.js';

/** What a line would cost to parse. */
export interface LineWeight {
  /** As the object itself says it, in its first characters. */
  readonly type: string | null;
  /** Values in it: of one that is over a limit, those up to the limit. */
  readonly nodes: number;
  /** Why it is not parsed, with the limit; null for a line within its limits. */
  readonly over: string | null;
}

/** Characters in which the type is looked for: agents say it first. */
const TYPE_WITHIN = 4096;

const QUOTE = 0x22;
const COMMA = 0x2c;
const OPEN_LIST = 0x5b;
const BACKSLASH = 0x5c;
const CLOSE_LIST = 0x5d;
const OPEN_OBJECT = 0x7b;
const CLOSE_OBJECT = 0x7d;

/**
 * Weighs a line from a guest before anything is made of it: 4 MiB of small values would take a parser, and
 * all who look at its objects, longer than other machines can wait. One look at each character, and none
 * behind the first limit that is met. Of a line that is no JSON, the weight is what it seems.
 */
export function weighLine(text: string, bytes: number): LineWeight {
  const type = topLevelType(text);
  const limit = LINE_LIMITS.get(type ?? '') ?? OTHER_LINES;
  if (bytes > limit.bytes) return { type, nodes: 0, over: `${bytes} bytes; the limit is ${limit.bytes}` };
  let nodes = 1;
  let depth = 0;
  for (let at = 0; at < text.length; at += 1) {
    switch (text.charCodeAt(at)) {
      case QUOTE:
        at = endOfString(text, at);
        break;
      case COMMA:
        nodes += 1;
        break;
      case OPEN_LIST:
      case OPEN_OBJECT:
        nodes += 1;
        depth += 1;
        if (depth > CHANNEL_LIMITS.depth)
          return { type, nodes, over: `more than ${CHANNEL_LIMITS.depth} levels` };
        break;
      case CLOSE_LIST:
      case CLOSE_OBJECT:
        depth -= 1;
        break;
    }
    if (nodes > limit.nodes) return { type, nodes, over: `more than ${limit.nodes} values` };
  }
  return { type, nodes, over: null };
}

/**
 * The value of the object's own `type`, when it begins in the first characters of the line. Old agents say
 * none in a response: `id` and `success` are as good.
 */
function topLevelType(text: string): string | null {
  let depth = 0;
  let isResponse = 0;
  const end = Math.min(text.length, TYPE_WITHIN);
  for (let at = 0; at < end; at += 1) {
    switch (text.charCodeAt(at)) {
      case QUOTE: {
        const close = endOfString(text, at);
        const word = depth === 1 ? text.slice(at + 1, Math.min(close, at + 9)) : '';
        const value = word === 'type' ? stringAfterColon(text, close) : null;
        if (value !== null) return value;
        if (word === 'id' || word === 'success') isResponse += 1;
        at = close;
        break;
      }
      case OPEN_LIST:
      case OPEN_OBJECT:
        depth += 1;
        break;
      case CLOSE_LIST:
      case CLOSE_OBJECT:
        depth -= 1;
        break;
    }
  }
  return isResponse >= 2 ? 'response' : null;
}

/** @returns the string that stands behind a key, or null where none does, or one too long to be a type */
function stringAfterColon(text: string, keyEnd: number): string | null {
  return /^\s*:\s*"([^"\\]{0,64})"/.exec(text.slice(keyEnd + 1, keyEnd + 129))?.[1] ?? null;
}

/** @returns where the string ends that begins at `start`; the text's end when it does not */
function endOfString(text: string, start: number): number {
  let at = start + 1;
  for (; at < text.length; at += 1) {
    const character = text.charCodeAt(at);
    if (character === QUOTE) return at;
    if (character === BACKSLASH) at += 1;
  }
  return at;
}
