import { KICKSTART_SYNTAXES, type KickstartSyntax } from '#protocol';
import { didYouMean } from '../fault.js';

/** As in the table of releases: `F43`, `RHEL9`. */
export type Release = KickstartSyntax;
const RELEASE_NAMES = KICKSTART_SYNTAXES;

/** `F43`, `fedora-43`, `rhel 9.4`, `alma9`, `Rocky 10`: the release that is meant, or null. */
export function readRelease(name: string): Release | null {
  const parts =
    /^(f|fedora|el|rhel|alma(?:linux)?|rocky(?:linux)?|centos(?:stream)?)[ _-]*(\d{1,2})(?:\.\d+)?$/i.exec(
      name.trim(),
    );
  const family = parts?.[1]?.toLowerCase().startsWith('f') ? 'F' : 'RHEL';
  const release = `${family}${parts?.[2] ?? ''}`;
  return RELEASE_NAMES.find((known) => parts && known === release) ?? null;
}

/** All of them in few words: `F41 to F44, RHEL8 to RHEL10`. */
export const releaseRanges = (): string =>
  ['F', 'RHEL']
    .map((kind) => RELEASE_NAMES.filter((name) => name.replace(/\d/g, '') === kind))
    .map((names) => `${names[0]} to ${names.at(-1)}`)
    .join(', ');

/** For the message about one that is not known. */
export const releaseRemedy = (name: string): string =>
  didYouMean(name, RELEASE_NAMES, `use one of ${RELEASE_NAMES.join(', ')}`);

/** What a file says of itself: `#version=RHEL9` as Anaconda writes it, or a comment `# Fedora 43`. */
export function guessRelease(text: string): Release | null {
  const said = /^#\s*version=\s*(\S+)\s*$/im.exec(text)?.[1];
  if (said) return readRelease(said);
  for (const [, name = '', number = ''] of text.matchAll(
    /^#.*?\b(Fedora|RHEL|AlmaLinux|Rocky(?: Linux)?|CentOS Stream)[ _-]?(\d{1,2})\b/gim,
  )) {
    const release = readRelease(`${name.split(' ')[0]}${number}`);
    if (release) return release;
  }
  return null;
}
