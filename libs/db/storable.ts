import { isStorable, storable } from '#protocol';

/** A value from a guest, with every text in it, names of fields among them, as both databases hold it. */
export function storableJson(value: unknown): unknown {
  const text = JSON.stringify(value ?? null, (_key, entry: unknown) => {
    if (typeof entry === 'string') return storable(entry);
    if (typeof entry !== 'object' || entry === null || Array.isArray(entry)) return entry;
    const fields = Object.entries(entry);
    if (fields.every(([name]) => isStorable(name))) return entry;
    return Object.fromEntries(fields.map(([name, inner]) => [storable(name), inner]));
  });
  return JSON.parse(text) as unknown;
}
