import { expect, it } from '@jest/globals';
import { hostInUrl } from './host.js';

it.each([
  ['suite.example', 'suite.example'],
  ['192.0.2.1', '192.0.2.1'],
  ['2001:db8::1', '[2001:db8::1]'],
  ['[2001:db8::1]', '[2001:db8::1]'],
  ['::1', '[::1]'],
])('the host %s stands in a URL as %s', (host, inUrl) => {
  expect(hostInUrl(host)).toBe(inUrl);
  expect(new URL(`http://${hostInUrl(host)}:4000/`).hostname).toBe(inUrl);
});
