import { findRelease, type KickstartFacts, type MediaRequest } from '#protocol';

/** What a release has of its own, or null when it is none that a kickstart installs. */
export const kickstartRelease = (os: MediaRequest['os']): KickstartFacts | null =>
  findRelease(os)?.kickstart ?? null;
