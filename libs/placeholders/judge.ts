import { type Fault, type Placeholder, placeholdersIn, type ScriptInput, type Shell } from '#protocol';
import { cmdPlaces, percentVariables } from './cmd.js';
import { withTree } from './grammar.js';
import { asLiterals, asNames } from './mask.js';
import { posixPlaces } from './posix.js';
import { powershellAssignAt, powershellLiterals, powershellPlaces } from './powershell.js';
import { CMD, type Place, POSIX, POWERSHELL } from './verdict.js';

export interface JudgedText {
  shell: Shell;
  content: string;
  inputs: readonly Pick<ScriptInput, 'name' | 'type'>[];
}

/** What was found of a text's placeholders. */
export interface Judgement {
  /** One for each placeholder whose value would become code; `path` is `content`. */
  faults: Fault[];
  /** Where those begin that stand in comments, in UTF-16 units. */
  comments: number[];
  /** Where assignments may be put in front; null: nowhere. */
  assignAt: number | null;
}

const TABLES = { BASH: POSIX, SH: POSIX, POWERSHELL, CMD } as const;

/**
 * Judges every placeholder of a text by what stands there: a bare word is right, a comment stays as it is,
 * arithmetic takes number inputs, and anywhere else the value would become code.
 * @param text at most what a script may have (`CHANNEL_LIMITS.scriptContent`)
 */
export async function judgePlaceholders(text: JudgedText): Promise<Judgement> {
  const { content, inputs } = text;
  const placeholders = placeholdersIn(content);
  const { places, assignAt } = await placesOf(text, placeholders);
  const faults: Fault[] = [];
  const comments: number[] = [];
  for (const placeholder of placeholders) {
    const place = places.get(placeholder) ?? 'unknown';
    const isNumber = inputs.some(({ name, type }) => name === placeholder.name && type === 'number');
    if (place === 'comment') comments.push(placeholder.start);
    else if (place !== 'word' && !(place === 'arithmetic' && isNumber))
      faults.push(faultOf(text, placeholder, place));
  }
  if (text.shell === 'CMD') faults.push(...percentFaults(content));
  return { faults, comments, assignAt };
}

interface Places {
  places: Map<Placeholder, Place>;
  assignAt: number | null;
}

async function placesOf(
  { shell, content }: JudgedText,
  placeholders: readonly Placeholder[],
): Promise<Places> {
  switch (shell) {
    case 'BASH':
    case 'SH':
      return posix(content, placeholders);
    case 'POWERSHELL':
      return powershell(content, placeholders);
    case 'CMD':
      return { places: cmdPlaces(content, placeholders), assignAt: null };
    default:
      return shell satisfies never;
  }
}

async function posix(content: string, placeholders: readonly Placeholder[]): Promise<Places> {
  const assignAt = content.startsWith('#!') ? afterLine(content) : 0;
  if (placeholders.length === 0) return { places: new Map(), assignAt };
  const places = await withTree('bash', asNames(content, placeholders), (tree) =>
    tree ? posixPlaces(tree, content, placeholders) : new Map<Placeholder, Place>(),
  );
  return { places, assignAt };
}

const afterLine = (content: string): number => {
  const end = content.indexOf('\n');
  return end < 0 ? content.length : end + 1;
};

async function powershell(content: string, placeholders: readonly Placeholder[]): Promise<Places> {
  const read = await withTree('powershell', asNames(content, placeholders), (tree) =>
    tree
      ? { places: powershellPlaces(tree, content, placeholders), assignAt: powershellAssignAt(tree, content) }
      : { places: new Map<Placeholder, Place>(), assignAt: null },
  );
  const { places } = read;
  // A name is no expression: what could not be read with names may well be read with literals.
  const unclear = placeholders.filter((one) => ['unknown', 'name'].includes(places.get(one) ?? 'unknown'));
  if (unclear.length === 0) return read;
  const literals = await withTree('powershell', asLiterals(content, placeholders), (tree) =>
    tree ? powershellLiterals(tree, content, unclear) : new Set<Placeholder>(),
  );
  for (const one of literals) places.set(one, 'word');
  return read;
}

function faultOf(
  { shell, content }: JudgedText,
  { name, start }: Placeholder,
  place: Exclude<Place, 'word' | 'comment'>,
): Fault {
  const { message, remedy } = TABLES[shell][place];
  return {
    path: 'content',
    message: `${positionOf(content, start)}: the placeholder of ${name} ${message}`,
    remedy: remedy.replaceAll('VARIABLE', `INFINIBAY_INPUT_${name.toUpperCase()}`),
  };
}

const percentFaults = (content: string): Fault[] =>
  percentVariables(content).map(({ name, start }) => ({
    path: 'content',
    message: `${positionOf(content, start)}: %${name}% is replaced before cmd reads the line, and its value becomes code`,
    remedy: `begin with setlocal EnableDelayedExpansion, and write !${name}! there`,
  }));

/** As editors count: from 1, columns in UTF-16 units. */
function positionOf(content: string, at: number): string {
  const lines = content.slice(0, at).split('\n');
  return `line ${lines.length}, column ${(lines.at(-1)?.length ?? 0) + 1}`;
}

const judgements = new Map<string, Promise<Judgement>>();
/** Of texts, by their hash. */
const REMEMBERED = 256;

/**
 * The same, remembered: the versions that are run again and again are few, and never change.
 * @param sha256 of the content
 */
export function judgementOf(text: JudgedText & { sha256: string }): Promise<Judgement> {
  const key = JSON.stringify([text.shell, text.sha256, text.inputs.map(({ name, type }) => [name, type])]);
  const known = judgements.get(key);
  if (known) return known;
  if (judgements.size >= REMEMBERED) judgements.clear();
  const judgement = judgePlaceholders(text);
  judgements.set(key, judgement);
  // A failure, such as a grammar that cannot be loaded, is no judgement.
  judgement.catch(() => judgements.delete(key));
  return judgement;
}
