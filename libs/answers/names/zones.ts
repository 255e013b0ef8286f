import { isTimeZone, timeZones } from '#protocol';
import { didYouMean, shown } from '../fault.js';

/** What is wrong with a time zone of the tz database, or null. */
export function zoneFault(value: string): { message: string; remedy: string } | null {
  if (isTimeZone(value)) return null;
  return {
    message: `${JSON.stringify(shown(value))} is not a known time zone`,
    remedy: didYouMean(value, timeZones(), 'give a zone such as Europe/Berlin'),
  };
}
