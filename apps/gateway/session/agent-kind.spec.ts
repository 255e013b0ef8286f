import { describe, expect, it } from '@jest/globals';
import { kindOfHello, rememberedKind } from './agent-kind.js';

describe('the kind of an agent', () => {
  it.each([
    ['ours', { session: 's', protocol: 2, platform: 'windows' }],
    ['ours', { session: 's', protocol: 3, platform: 'linux' }],
    ['public', { session: undefined, protocol: undefined, platform: 'linux' }],
    ['public-windows', { session: undefined, protocol: undefined, platform: 'windows' }],
    // A number without a session is nothing that could be acked.
    ['public', { session: undefined, protocol: 2, platform: 'linux' }],
    ['public', { session: 's', protocol: 1, platform: 'unknown' }],
  ] as const)('is %s when its hello says %j', (kind, hello) => {
    expect(kindOfHello(hello)).toBe(kind);
  });

  it.each([
    ['ours', { protocol: 2, platform: 'linux', os: 'linux' }],
    ['public', { protocol: 1, platform: 'linux', os: 'windows' }],
    ['public-windows', { protocol: 1, platform: 'windows', os: null }],
    // Nobody has heard of it: spoken to as the public agent of the system that its operator named.
    ['public', { protocol: null, platform: null, os: null }],
    ['public-windows', { protocol: null, platform: null, os: 'windows' }],
  ] as const)('is remembered as %s from %j', (kind, facts) => {
    expect(rememberedKind(facts)).toBe(kind);
  });
});
