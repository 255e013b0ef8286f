import { didYouMean } from '../fault.js';

/** Fedora by its number, RHEL and what is built from it by its major version: as in the tables. */
export const RELEASES = {
  F41: '41',
  F42: '42',
  F43: '43',
  F44: '44',
  RHEL8: '8',
  RHEL9: '9',
  RHEL10: '10',
} as const;
export type Release = keyof typeof RELEASES;
export const RELEASE_NAMES = Object.keys(RELEASES) as Release[];

/** `F43`, `fedora-43`, `rhel 9.4`, `alma9`, `Rocky 10`: the release that is meant, or null. */
export function readRelease(name: string): Release | null {
  const parts =
    /^(f|fedora|el|rhel|alma(?:linux)?|rocky(?:linux)?|centos(?:stream)?)[ _-]*(\d{1,2})(?:\.\d+)?$/i.exec(
      name.trim(),
    );
  const family = parts?.[1]?.toLowerCase().startsWith('f') ? 'F' : 'RHEL';
  const release = `${family}${parts?.[2] ?? ''}`;
  return parts && release in RELEASES ? (release as Release) : null;
}

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
