import type { KickstartFacts, MediaRequest } from '#protocol';

/** Groups and environments of Fedora, EL and EPEL that bring a desktop. */
const DESKTOP = /^@.*(desktop|workstation|graphical)/i;

/** Whether the request names a desktop: the machine then starts it. */
export const wantsDesktop = ({ packages }: Pick<MediaRequest, 'packages'>): boolean =>
  packages.some((name) => DESKTOP.test(name));

/**
 * The lines of `%packages`. Of two environments Anaconda takes the last, so that the request's own stands
 * alone; `wget` and `curl` are what the agent's part downloads with.
 */
export function packageLines({ packages }: MediaRequest, { environment }: KickstartFacts): string[] {
  const ownEnvironment = packages.some((name) => name.startsWith('@^'));
  return [...new Set([...(ownEnvironment ? [] : [environment]), 'curl', 'wget', ...packages])];
}
