import type { z } from 'zod';
import { didYouMean, type Fault, type FaultBelow } from './fault.js';
import { fieldsAt, isWholeAt, notesAt, valueAt } from './schema-walk.js';

type Issue = z.core.$ZodIssue;

/** What was handed in, and the schema that refused it. */
interface Subject {
  input: unknown;
  schema?: z.ZodType | undefined;
}

/**
 * What is said of a field that the schema does not know. Its value may be a password under a misspelt name.
 */
export const UNKNOWN_FIELD = 'unknown field';

/** How zod's own English begins (its `en` locale). It is for programmers, and never shown. */
const ZODS_OWN = /^(Invalid|Too (big|small)|Unrecognized key)/;
const ownWords = ({ message }: Issue): string | null => (ZODS_OWN.test(message) ? null : message);

const EXAMPLE_TIME = '2027-01-31T14:00:00Z';
/** What each form of text must be. */
const FORMATS: Readonly<Record<string, string>> = {
  uuid: 'a UUID such as 7c0d6f0e-3f5e-4d0c-9d55-1b2f3a4b5c6d',
  guid: 'a UUID such as 7c0d6f0e-3f5e-4d0c-9d55-1b2f3a4b5c6d',
  datetime: `a time such as ${EXAMPLE_TIME}`,
  date: 'a date such as 2027-01-31',
  time: 'a time of day such as 14:00:00',
  ipv4: 'an IPv4 address such as 192.0.2.10',
  ipv6: 'an IPv6 address such as 2001:db8::10',
  cidrv4: 'an address with its prefix length, such as 192.0.2.10/24',
  cidrv6: 'an address with its prefix length, such as 2001:db8::10/64',
  url: 'a URL such as https://example.com/',
  email: 'an e-mail address',
  base64: 'text in base64',
};
/** By the type that zod expects. */
const TYPES: Readonly<Record<string, string>> = {
  string: 'text',
  boolean: 'true or false',
  array: 'a list',
  object: 'an object',
  record: 'an object',
  null: 'null',
};
/** Of these a minimum of 1 says that they must not be empty. */
const EMPTIES: ReadonlySet<string> = new Set(['string', 'array', 'set']);
/** Units stand at the end of a field's name. */
const UNITS: readonly [RegExp, string][] = [
  [/seconds$/i, 'seconds'],
  [/minutes$/i, 'minutes'],
  [/bytes$/i, 'bytes'],
  [/ms$/, 'milliseconds'],
];

/**
 * Every fault of what a schema refused, in words for a person: those of the schema where it has its own,
 * otherwise ours.
 * @param input what was handed in, to tell a field that is missing from one that is wrong
 * @param schema knows the names of the fields and what they are; without it a fault says less
 */
export function faultsOf(error: z.ZodError, input: unknown, schema?: z.ZodType): Fault[] {
  return faultsBelow(error.issues, input, schema).map(({ path, ...words }) => ({
    path: path.map(String).join('.'),
    ...words,
  }));
}

/** The same with paths in steps, for whoever looks for a line of a file. */
export function faultsBelow(issues: readonly Issue[], input: unknown, schema?: z.ZodType): FaultBelow[] {
  const faults = issues.flatMap((issue) => translate(issue, { input, schema }));
  const told = new Set<string>();
  return faults.filter(({ path, message }) => {
    const key = JSON.stringify([path.map(String), message]);
    return !told.has(key) && told.add(key);
  });
}

function translate(issue: Issue, subject: Subject): FaultBelow[] {
  if (issue.code === 'unrecognized_keys') return unknownFields(issue, subject);
  if (issue.code === 'invalid_union') return unionFaults(issue, subject);
  if (issue.code === 'invalid_element')
    return issue.issues.flatMap((inner) => translate(below(issue.path, inner), subject));
  return [{ path: [...issue.path], ...wordsOf(issue, subject) }];
}

const below = (path: readonly PropertyKey[], issue: Issue): Issue => ({
  ...issue,
  path: [...path, ...issue.path],
});

function unknownFields(issue: z.core.$ZodIssueUnrecognizedKeys, { schema }: Subject): FaultBelow[] {
  const known = fieldsAt(schema, issue.path);
  return issue.keys.map((key) => ({
    path: [...issue.path, key],
    message: UNKNOWN_FIELD,
    remedy: didYouMean(key, known, 'remove it or correct its name'),
  }));
}

/** Of several forms the faults of the one that was meant: it has the fields that stand there. */
function unionFaults(issue: z.core.$ZodIssueInvalidUnion, subject: Subject): FaultBelow[] {
  const value = valueAt(subject.input, issue.path);
  const tags = 'options' in issue && Array.isArray(issue.options) ? (issue.options as string[]) : null;
  if (tags && ownWords(issue) === null) {
    const { path, message } = issue;
    return translate({ code: 'invalid_value', values: tags, path, message }, subject);
  }
  const nowhere = unknownInAll(issue.errors);
  if (nowhere.length > 0) return nowhere.flatMap((inner) => translate(below(issue.path, inner), subject));
  const meant = issue.errors.filter((issues) => !issues.some((one) => isOfAnotherForm(one, value)));
  const [only] = meant;
  if (only && meant.length === 1 && only.some(({ path }) => path.length > 0))
    return only.flatMap((inner) => translate(below(issue.path, inner), subject));
  if (value === undefined) return [{ path: [...issue.path], ...missing(issue, subject) }];
  const said = issue.errors
    .flatMap((issues) => issues.filter(({ path }) => path.length === 0))
    .flatMap((inner) => translate(below(issue.path, inner), subject).map(({ message }) => message));
  const forms = [...new Set(said)].map((text, index) => (index === 0 ? text : text.replace(/^must be /, '')));
  const message = ownWords(issue) ?? (forms.length > 0 ? joined(forms, 'or') : 'is of none of its forms');
  return [{ path: [...issue.path], message, remedy: remedyOf(issue, subject) }];
}

/**
 * A type or a tag of another form, a list where a word is asked for, or a field that this form does not have.
 */
const isOfAnotherForm = ({ code, path }: Issue, value: unknown): boolean =>
  (path.length === 0 && (code === 'invalid_type' || code === 'unrecognized_keys')) ||
  (path.length === 0 && code === 'invalid_value' && typeof value === 'object') ||
  (path.length === 1 && code === 'invalid_value');

/** A key that none of several forms has is what is wrong, not that no form fits. */
function unknownInAll(forms: readonly Issue[][]): Issue[] {
  const keysOf = (issues: readonly Issue[]): string[] =>
    issues.flatMap((issue) =>
      issue.code === 'unrecognized_keys' && issue.path.length === 0 ? issue.keys : [],
    );
  const [first = [], ...others] = forms;
  const unknown = others.map((issues) => new Set(keysOf(issues)));
  const keys = keysOf(first).filter((key) => unknown.every((names) => names.has(key)));
  return first.flatMap((issue) =>
    issue.code === 'unrecognized_keys' && keys.length > 0 ? [{ ...issue, keys }] : [],
  );
}

type Words = Pick<Fault, 'message' | 'remedy'>;

function wordsOf(issue: Issue, subject: Subject): Words {
  if (issue.code !== 'custom' && valueAt(subject.input, issue.path) === undefined)
    return missing(issue, subject);
  return { message: ownWords(issue) ?? messageOf(issue, subject), remedy: remedyOf(issue, subject) };
}

/** With what the field is, and an example, where the schema tells. */
function missing(issue: Issue, { schema }: Subject): Words {
  const { description, examples } = notesAt(schema, issue.path);
  const [example] = examples ?? (issue.code === 'invalid_value' ? issue.values : []);
  const only = issue.code === 'invalid_value' && issue.values.length === 1;
  const remedy = example === undefined ? 'add it' : `add it${only ? ':' : ', such as'} ${written(example)}`;
  const own = ownWords(issue);
  if (own !== null && !own.startsWith('must ')) return { message: own, remedy };
  const [sentence] = description?.split(/[.;:](?:\s|$)/) ?? [];
  const choice = issue.code === 'invalid_value' && issue.values.length > 1 ? oneOf(issue.values) : null;
  const what = choice ?? (sentence ? lowerFirst(sentence) : own && `it ${own}`);
  return { message: what ? `is missing: ${what}` : 'is missing', remedy };
}

const written = (value: unknown): string => (typeof value === 'string' ? value : JSON.stringify(value));
const lowerFirst = (text: string): string =>
  /^[A-Z][a-z]/.test(text) ? `${text.charAt(0).toLowerCase()}${text.slice(1)}` : text;

function messageOf(issue: Issue, { schema, input }: Subject): string {
  switch (issue.code) {
    case 'invalid_type':
      return typeWords(issue, schema);
    case 'invalid_value':
      return `must be ${oneOf(issue.values)}`;
    case 'too_small':
      return sizeWords(issue, 'at least', Number(issue.minimum), issue.inclusive ?? true);
    case 'too_big':
      return sizeWords(issue, 'at most', Number(issue.maximum), issue.inclusive ?? true);
    case 'invalid_format':
      return formatWords(issue, schema);
    case 'not_multiple_of':
      return `must be a multiple of ${issue.divisor}`;
    case 'invalid_key':
      return `is no name that can stand here: ${issue.issues
        .map((inner) => ownWords(inner) ?? messageOf(inner, { schema: undefined, input }))
        .join(', ')}`;
    case 'custom':
      return 'is not what is asked for here';
    // Told by what is inside them.
    case 'unrecognized_keys':
    case 'invalid_union':
    case 'invalid_element':
      return 'is not what is asked for here';
    default:
      return issue satisfies never;
  }
}

function typeWords({ expected, path }: z.core.$ZodIssueInvalidType, schema: z.ZodType | undefined): string {
  if (expected === 'nonoptional') return 'is missing';
  if (expected !== 'number' && expected !== 'int') return `must be ${TYPES[expected] ?? expected}`;
  const kind = expected === 'int' || isWholeAt(schema, path) ? 'a whole number' : 'a number';
  const unit = unitOf(path);
  return `must be ${kind}${unit ? ` of ${unit}` : ''}`;
}

const unitOf = (path: readonly PropertyKey[]): string | null =>
  UNITS.find(([end]) => end.test(String(path.at(-1) ?? '')))?.[1] ?? null;

function sizeWords(
  { origin, path }: { origin: string; path: PropertyKey[] },
  bound: 'at least' | 'at most',
  size: number,
  inclusive: boolean,
): string {
  const things =
    origin === 'string'
      ? 'characters'
      : origin === 'array' || origin === 'set'
        ? 'entries'
        : origin === 'object' || origin === 'map'
          ? 'fields'
          : null;
  if (things === null) {
    const unit = unitOf(path);
    const limit = inclusive ? bound : bound === 'at least' ? 'more than' : 'less than';
    return `must be ${limit} ${size}${unit ? ` ${unit}` : ''}`;
  }
  if (bound === 'at least' && size === 1) return 'must not be empty';
  return `must have ${bound} ${size} ${size === 1 ? things.replace(/ies$/, 'y').replace(/s$/, '') : things}`;
}

function formatWords(
  { format, path }: z.core.$ZodIssueInvalidStringFormat,
  schema: z.ZodType | undefined,
): string {
  const known = FORMATS[format];
  if (known) return `must be ${known}`;
  const [example] = notesAt(schema, path).examples ?? [];
  return example === undefined
    ? 'does not have the form that is asked for'
    : `must be of the form ${written(example)}`;
}

const quoted = (value: unknown): string => (value === '' ? 'empty' : String(value));
const oneOf = (values: readonly unknown[]): string => joined(values.map(quoted), 'or');
const joined = (words: readonly string[], last: string): string =>
  words.length < 2 ? (words[0] ?? '') : `${words.slice(0, -1).join(', ')} ${last} ${words.at(-1) ?? ''}`;

/** An empty text or list where something must stand; limits would not help whoever left it empty. */
const isEmptiness = (issue: Issue): boolean =>
  issue.code === 'too_small' && EMPTIES.has(issue.origin) && Number(issue.minimum) === 1;

function remedyOf(issue: Issue, { input, schema }: Subject): string {
  const given = issue.code === 'custom' ? (issue.params?.['remedy'] as string | undefined) : undefined;
  if (given) return given;
  const [example] = notesAt(schema, issue.path).examples ?? [];
  const likeThis = example === undefined ? null : `give one such as ${written(example)}`;
  if (isEmptiness(issue)) return likeThis ?? 'fill it in';
  if (issue.code === 'too_small' || issue.code === 'too_big') return 'give a value within the limits';
  const value = valueAt(input, issue.path);
  if (issue.code === 'invalid_value' && typeof value === 'string')
    return didYouMean(value, issue.values.map(String), 'use one of them');
  return likeThis ?? 'correct the value';
}
