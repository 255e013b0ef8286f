import { expect, it } from '@jest/globals';
import { isTimeZone, timeZones } from './time-zones.js';

it.each([
  ['Europe/Berlin', true],
  ['US/Eastern', true],
  ['EST5EDT', true],
  ['Etc/GMT+5', true],
  ['America/Argentina/Buenos_Aires', true],
  ['UTC', true],
  ['+02:00', false],
  ['-0330', false],
  ['Europe/Berlln', false],
  ['Europe/', false],
  ['', false],
  ['Europe/Berlin\n', false],
])('%j is a time zone: %s', (name, is) => {
  expect(isTimeZone(name)).toBe(is);
});

it('all that are listed are zones', () => {
  expect(timeZones().filter((zone) => !isTimeZone(zone))).toEqual([]);
});
