/** Kept of each list and text in the first try, then a quarter of it, and so on. */
const FIRST_TRY = 1024;
/** Fields of one object that always stay: what an agent says of its system has fewer. */
const FIELDS = 32;
/** Characters of a text for each entry of a list. */
const CHARACTERS_PER_ENTRY = 4;

interface Missing {
  entries: number;
  characters: number;
}

/**
 * A guest's value brought to a size: lists and texts in it are made shorter, numbers stay, and `cut` says
 * what is missing. The JSON text is never cut in two.
 * @param limitBytes of its JSON text
 */
export function cutData(value: unknown, limitBytes: number): unknown {
  const bytes = jsonBytes(value);
  if (bytes <= limitBytes) return value;
  for (let keep = FIRST_TRY; keep >= 1; keep /= 4) {
    const missing: Missing = { entries: 0, characters: 0 };
    const shorter = shorten(value, keep, missing);
    const marked = isObject(shorter)
      ? { ...shorter, cut: { bytes, ...missing } }
      : { value: shorter, cut: { bytes, ...missing } };
    if (jsonBytes(marked) <= limitBytes) return marked;
  }
  return { cut: { bytes } };
}

/** Of the JSON text; 0 for what has none. */
export function jsonBytes(value: unknown): number {
  return Buffer.byteLength(JSON.stringify(value) ?? '');
}

function shorten(value: unknown, keep: number, missing: Missing): unknown {
  if (typeof value === 'string') {
    const kept = value.slice(0, keep * CHARACTERS_PER_ENTRY);
    missing.characters += value.length - kept.length;
    return kept;
  }
  if (Array.isArray(value)) {
    missing.entries += Math.max(0, value.length - keep);
    return value.slice(0, keep).map((entry) => shorten(entry, keep, missing));
  }
  if (!isObject(value)) return value;
  const fields = Object.entries(value);
  const room = Math.max(keep, FIELDS);
  missing.entries += Math.max(0, fields.length - room);
  return Object.fromEntries(
    fields.slice(0, room).map(([name, entry]) => [name.slice(0, 128), shorten(entry, keep, missing)]),
  );
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
