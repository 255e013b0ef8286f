import { CHANNEL_LIMITS, type Handshake, PROTOCOL_VERSION } from '#protocol';
import type { MachineFacts } from '#db';
import type { Pace } from '../channel/outbox.js';

/**
 * Who speaks on a channel. `ours` has a spool, numbers its attempts and acks; `public` is the published
 * agent, which says its handshake once in its life and has no memory; `public-windows` is its Windows build,
 * which also needs short lines with pauses between them.
 */
export type AgentKind = 'ours' | 'public' | 'public-windows';

/** Decided by the hello. An agent without a session is the public one, whatever number it says. */
export function kindOfHello(hello: Pick<Handshake, 'session' | 'protocol' | 'platform'>): AgentKind {
  return kindOf(hello.session === undefined ? 1 : (hello.protocol ?? 1), hello.platform);
}

/**
 * Before the hello of a connection: as the machine's row remembers it. An agent that nobody has heard of is
 * taken for the public one.
 */
export function rememberedKind(facts: Pick<MachineFacts, 'protocol' | 'platform' | 'os'>): AgentKind {
  return kindOf(facts.protocol ?? 1, facts.platform ?? facts.os);
}

function kindOf(protocol: number, platform: string | null): AgentKind {
  if (protocol >= 2) return 'ours';
  return platform === 'windows' ? 'public-windows' : 'public';
}

/** The number that stands for it in the machine's row. */
export const PROTOCOL_OF: Readonly<Record<AgentKind, number>> = {
  ours: PROTOCOL_VERSION,
  public: 1,
  'public-windows': 1,
};

/** How it has to be spoken to; null: as fast as it reads. */
export const PACE_OF: Readonly<Record<AgentKind, Pace | null>> = {
  ours: null,
  public: null,
  'public-windows': {
    lineBytes: CHANNEL_LIMITS.lineToPublicWindowsAgent,
    gapMs: CHANNEL_LIMITS.gapToPublicWindowsAgentMs,
  },
};
