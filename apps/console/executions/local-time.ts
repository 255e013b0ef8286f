/**
 * The instant of a local time in a zone. A time in the hour that is missing in spring is taken as the instant
 * just as far after the change; one in the hour that comes twice in autumn is its first occurrence.
 * @param local e.g. `2027-03-28T02:30:00`
 */
export function zonedTimeToInstant(local: string, timeZone: string): Date {
  const wanted = Date.parse(`${local}Z`);
  const offsetAt = (instant: number): number => localOf(instant, timeZone) - instant;
  // The offsets a day before and after bracket any change; the earlier instant that reads as wanted is the
  // first occurrence.
  const offsets = [offsetAt(wanted - 86_400_000), offsetAt(wanted + 86_400_000)];
  const candidates = offsets
    .map((offset) => wanted - offset)
    .filter((instant) => localOf(instant, timeZone) === wanted);
  if (candidates.length > 0) return new Date(Math.min(...candidates));
  return new Date(wanted - (offsets[0] ?? 0));
}

/** What a zone's clock shows at an instant, as if it were UTC. */
function localOf(instant: number, timeZone: string): number {
  const parts = new Intl.DateTimeFormat('en-US', {
    timeZone,
    hourCycle: 'h23',
    year: 'numeric',
    month: 'numeric',
    day: 'numeric',
    hour: 'numeric',
    minute: 'numeric',
    second: 'numeric',
  }).formatToParts(instant);
  const field = (type: string): number => Number(parts.find((part) => part.type === type)?.value);
  return (
    Date.UTC(
      field('year'),
      field('month') - 1,
      field('day'),
      field('hour'),
      field('minute'),
      field('second'),
    ) +
    (instant % 1000)
  );
}
