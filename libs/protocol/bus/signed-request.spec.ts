import { createHmac } from 'node:crypto';
import { expect, it } from '@jest/globals';
import { SignedRequest, signRequest } from './signed-request.js';

const NOW = new Date('2027-01-31T14:00:00Z');
const REQUEST = { requestId: 'order-4711', text: 'é "\u2028' };

it('carries the request as the text that was signed, under the pattern and the time', () => {
  const signed = signRequest('media.get', REQUEST, { name: 'orchestrator-1', secret: 'a secret' }, NOW);
  expect(signed).toEqual({
    payload: JSON.stringify(REQUEST),
    auth: {
      key: 'orchestrator-1',
      time: '2027-01-31T14:00:00.000Z',
      mac: createHmac('sha256', Buffer.from('a secret', 'utf8'))
        .update(Buffer.from(`media.get\n2027-01-31T14:00:00.000Z\n${JSON.stringify(REQUEST)}`, 'utf8'))
        .digest('hex'),
    },
  });
  expect(JSON.stringify(signed)).not.toContain('a secret');
  expect(SignedRequest.parse(signed)).toEqual(signed);
});

it('gives the reference value', () => {
  const { auth } = signRequest('media.get', { a: 1 }, { name: 'k', secret: 'cross-lang-test-key' }, NOW);
  expect(auth?.mac).toBe('40115b3097876eba4d9e068bb7278e24eb8911c8e0fedab4bd112dd95e61ff8b');
});

it('changes with each of what it covers', () => {
  const macOf = (pattern: string, request: object, secret: string, now: Date): string | undefined =>
    signRequest(pattern, request, { name: 'k', secret }, now).auth?.mac;
  const macs = [
    macOf('media.get', REQUEST, 'a', NOW),
    macOf('media.delete', REQUEST, 'a', NOW),
    macOf('media.get', { ...REQUEST, text: '' }, 'a', NOW),
    macOf('media.get', REQUEST, 'b', NOW),
    macOf('media.get', REQUEST, 'a', new Date(NOW.getTime() + 1)),
  ];
  expect(new Set(macs).size).toBe(macs.length);
});

it('goes unsigned without a key', () => {
  expect(signRequest('media.get', REQUEST)).toEqual({ payload: JSON.stringify(REQUEST) });
});
