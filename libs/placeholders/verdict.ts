/** What stands at the place of a placeholder. */
export type Place =
  /** One word: the value is quoted for it. */
  | 'word'
  /** It stays as it is. */
  | 'comment'
  /** The value of a number input can stand here, and no other. */
  | 'arithmetic'
  | 'string'
  | 'literal'
  | 'here-document'
  | 'literal here-document'
  | 'delimiter'
  | 'expansion'
  | 'backquotes'
  | 'escaped'
  | 'name'
  | 'delayed expansion'
  | 'unknown';

interface Words {
  /** After "the placeholder of the input x". */
  message: string;
  /** With `VARIABLE` for the input's variable. */
  remedy: string;
}

type Table = Readonly<Record<Exclude<Place, 'word' | 'comment'>, Words>>;

const shared = {
  arithmetic: {
    message: 'stands in arithmetic, which evaluates what a text says',
    remedy: 'declare the input as a number',
  },
  delimiter: {
    message: 'stands where a here-document begins or ends',
    remedy: 'write the delimiter out',
  },
  name: {
    message: 'stands where a name is, which no value can be',
    remedy: 'write the name out, or put the placeholder where a value is',
  },
};

/** What is said of each place, and the form that is right there. */
export const POSIX: Table = {
  ...shared,
  string: {
    message: 'stands within double quotes, where the quotes around its value end yours',
    remedy: 'write ${VARIABLE} there',
  },
  literal: {
    message: 'stands within single quotes, where the quotes around its value end yours',
    remedy: 'single quotes expand nothing: use double quotes, and ${VARIABLE} in them',
  },
  'here-document': {
    message: 'stands in a here-document, where quotes are plain text and the value is expanded',
    remedy: 'write ${VARIABLE} there',
  },
  'literal here-document': {
    message: 'stands in a here-document that expands nothing',
    remedy: 'write the delimiter without quotes, and ${VARIABLE} in the text',
  },
  expansion: {
    message: 'stands within ${…}, where its quotes may be plain text',
    remedy: 'give the value to a variable first, or use ${VARIABLE}',
  },
  backquotes: {
    message: 'stands within backquotes, which end at a backquote of the value',
    remedy: 'write $(…) instead of backquotes',
  },
  escaped: {
    message: 'stands behind a character that takes the meaning from its quotes',
    remedy: 'write "${VARIABLE}" there',
  },
  'delayed expansion': { message: 'cannot stand here', remedy: 'write "${VARIABLE}" there' },
  unknown: {
    message: 'stands where it cannot be told what its value would be',
    remedy: 'write "${VARIABLE}" there, or correct what the shell could not read around it',
  },
};

export const POWERSHELL: Table = {
  ...shared,
  string: {
    message: 'stands within double quotes, where the value is expanded',
    remedy: 'write $env:VARIABLE there, or $($env:VARIABLE) next to letters',
  },
  literal: {
    message: 'stands within single quotes, where the quotes around its value end yours',
    remedy: 'single quotes expand nothing: use double quotes, and $env:VARIABLE in them',
  },
  'here-document': {
    message: 'stands in a here-string, where the value is expanded',
    remedy: 'write $env:VARIABLE there',
  },
  'literal here-document': {
    message: "stands in a here-string that expands nothing, and that a value with '@ ends",
    remedy: 'use @"…"@, and $env:VARIABLE in it',
  },
  expansion: { message: 'stands within an expansion', remedy: 'use $env:VARIABLE' },
  backquotes: { message: 'stands behind a backquote', remedy: 'use $env:VARIABLE' },
  escaped: {
    message: 'stands behind a character that takes the meaning from its quotes',
    remedy: 'use $env:VARIABLE there',
  },
  'delayed expansion': { message: 'cannot stand here', remedy: 'use $env:VARIABLE' },
  unknown: {
    message: 'stands where it cannot be told what its value would be',
    remedy: 'use $env:VARIABLE there, or correct what PowerShell could not read around it',
  },
};

const inCmd = 'begin with setlocal EnableDelayedExpansion, and write !VARIABLE! there';
export const CMD: Table = {
  ...shared,
  string: { message: 'stands within quotes, where the quotes around its value end yours', remedy: inCmd },
  literal: { message: 'stands within quotes', remedy: inCmd },
  'here-document': { message: 'cannot stand here', remedy: inCmd },
  'literal here-document': { message: 'cannot stand here', remedy: inCmd },
  expansion: { message: 'stands within %…%', remedy: inCmd },
  backquotes: { message: 'stands within backquotes', remedy: inCmd },
  escaped: { message: 'stands behind ^, which takes the meaning from its quote', remedy: inCmd },
  'delayed expansion': {
    message: 'stands in a script with delayed expansion, which expands its value once more',
    remedy: 'write !VARIABLE! there',
  },
  unknown: { message: 'stands where it cannot be told what its value would be', remedy: inCmd },
};
