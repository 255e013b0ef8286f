/**
 * The one way in which tests wait: polls until `condition` gives something truthy.
 * @throws Error after the deadline, with what was last seen
 */
export async function waitFor<T>(
  condition: () => T | Promise<T>,
  options: { what: string; deadlineMs?: number; everyMs?: number },
): Promise<NonNullable<T>> {
  const { what, deadlineMs = 20_000, everyMs = 20 } = options;
  const until = Date.now() + deadlineMs;
  let last: unknown;
  for (;;) {
    try {
      const value = await condition();
      if (value) return value;
      last = value;
    } catch (error) {
      last = error;
    }
    if (Date.now() > until) {
      const seen = last instanceof Error ? last.message : JSON.stringify(last);
      throw new Error(`waited ${deadlineMs} ms for ${what}; last seen: ${seen ?? 'nothing'}`);
    }
    await new Promise((resolve) => setTimeout(resolve, everyMs));
  }
}
