import { describe, expect, it } from '@jest/globals';
import { committedFiles, read } from './files.js';

interface Rule {
  /** What only the places below may say. */
  found: RegExp[];
  /** Beginnings of paths. */
  places: string[];
}

const LINUX = '(?:ubuntu|fedora|rhel|rocky|alma)';
const QUOTED = `(['"\`])${LINUX}\\1`;

/**
 * Whoever compares a family's name decides by family: that is a row's business, in families/family.ts or in
 * the protocol's own table of rules.
 */
const FAMILY: Rule = {
  found: [
    new RegExp(`[!=]==?\\s*${QUOTED}`),
    new RegExp(`${QUOTED}\\s*[!=]==?`),
    new RegExp(`\\bcase\\s+${QUOTED}`),
    new RegExp(`${QUOTED}[^\\]\\n]*\\]\\s*(?:as [^)]*\\)\\s*)?\\.includes\\(`),
    // Windows is the name of a platform as well.
    /\bfamily\)?\s*[!=]==?\s*(['"`])windows\1/,
    /\bswitch\s*\([^)\n]*\bos\.family\)/,
  ],
  places: ['apps/media/families/'],
};

/** A delivery is one file beside others in deliveries/, a row of their table, and a name in the schemas. */
const DELIVERY: Rule = {
  found: [
    /(['"`])(?:chain|direct-kernel|remaster)\1/,
    /\bdelivery\)?\s*[!=]==?\s*['"`]/,
    /\bswitch\s*\([^)\n]*\bdelivery\)/,
    /\bcase\s+(['"`])seed\1/,
  ],
  places: [
    'apps/media/deliveries/',
    'libs/protocol/media/deliveries.ts',
    // The roles of what is attached.
    'libs/protocol/media/plan.ts',
  ],
};

const sources = committedFiles().filter(
  (path) => /^(apps|libs)\/.*\.ts$/.test(path) && !/spec\.ts$/.test(path),
);
/** Comments may name what they explain. */
const code = (text: string): string => text.replace(/\/\*[^]*?\*\//g, '').replace(/(^|\s)\/\/.*$/gm, '$1');

const breaks = (rule: Rule, path: string, text: string): boolean =>
  !rule.places.some((place) => path.startsWith(place)) && rule.found.some((found) => found.test(code(text)));

describe.each([
  [
    'a family',
    FAMILY,
    [
      `if (os.family === 'windows') return;`,
      `if (request.os.family\n  !== "windows") return;`,
      `const group = name === 'ubuntu' ? 'sudo' : 'wheel';`,
      `switch (family) {\n  case 'rocky':`,
      `switch (request.os.family) {}`,
      `const eula = ['rhel', 'alma'].includes(name);`,
    ],
    [
      `const row = FAMILIES[os.family];`,
      `if (iso.family !== family) return;`,
      `if (platform === 'windows') x();`,
    ],
  ],
  [
    'a delivery',
    DELIVERY,
    [
      `if (request.delivery === 'seed') return;`,
      `const needsIso = ['chain', 'remaster'].includes(delivery);`,
      `switch (delivery) {\n  case 'seed':`,
      `const medium = "direct-kernel";`,
    ],
    [`const row = DELIVERIES[request.delivery];`, `const folder = join(to, 'seed');`],
  ],
] as const)('%s', (_what, rule, planted, allowed) => {
  it('is named where it has its place, and nowhere else', () => {
    expect(sources.length).toBeGreaterThan(200);
    expect(sources.filter((path) => breaks(rule, path, read(path)))).toEqual([]);
  });

  it('that is named elsewhere is found', () => {
    for (const text of planted) {
      expect([text, breaks(rule, 'apps/media/plan/planted.ts', text)]).toEqual([text, true]);
      expect([text, breaks(rule, 'libs/secrets/planted.ts', text)]).toEqual([text, true]);
      expect([text, breaks(rule, `${rule.places[0]}planted.ts`, text)]).toEqual([text, false]);
    }
    for (const text of allowed)
      expect([text, breaks(rule, 'apps/media/plan/planted.ts', text)]).toEqual([text, false]);
  });
});
