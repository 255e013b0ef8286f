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
