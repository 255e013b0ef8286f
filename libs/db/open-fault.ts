import { types } from 'node:util';
import { DatabaseError } from './codes.js';

/** What is wrong and the way out, by the code of PostgreSQL, SQLite or the system. */
const FAULTS: Record<string, [what: string, remedy: string]> = {
  // https://www.postgresql.org/docs/current/errcodes-appendix.html
  '28P01': ['PostgreSQL refuses the password', 'correct user and password in it'],
  '28000': ['PostgreSQL lets this user not in', 'correct the user in it, or pg_hba.conf of the server'],
  '3D000': ['PostgreSQL has no such database', 'make it with createdb, or correct the name in it'],
  '42501': [
    'the user may not use this database, or make it',
    'grant it what it needs, or name its owner in it',
  ],
  '53300': ['PostgreSQL has no connection left', 'raise its max_connections, or put a pooler in front of it'],
  '57P03': ['PostgreSQL is not ready yet', 'start this app again when it is'],
  ECONNREFUSED: ['nobody listens there', 'start PostgreSQL, or correct host and port in it'],
  ENOTFOUND: ['there is no such host', 'correct the host in it'],
  EAI_AGAIN: ['the host could not be looked up', 'correct the host in it, or mend the name service'],
  ETIMEDOUT: ['the host does not answer', 'see that it runs and that no firewall is between'],
  EHOSTUNREACH: ['there is no way to the host', 'correct the host in it, or mend the network'],
  SQLITE_CANTOPEN: ['the file cannot be opened', 'name a file in a folder that this user may write to'],
  SQLITE_NOTADB: ['the file is no SQLite database', 'name another file, or restore this one from a backup'],
  SQLITE_CORRUPT: ['the file is damaged', 'restore it from a backup'],
  SQLITE_READONLY: ['the file cannot be written', 'give file and folder to the user that runs the app'],
  SQLITE_BUSY: ['another process holds the file', 'end it: SQLite is for one process'],
  SQLITE_FULL: ['the disk is full', 'make room on it'],
  EACCES: ['this user may not open the file', 'give file and folder to the user that runs the app'],
  ENOENT: ['there is no such folder, and none can be made', 'make the folder, or correct the path'],
  EISDIR: ['it names a folder', 'name a file in it'],
  EEXIST: ['a part of the path is no folder', 'correct the path'],
  ENOTDIR: ['a part of the path is no folder', 'correct the path'],
  EROFS: ['the file system is read-only', 'name a file elsewhere'],
  ENOSPC: ['the disk is full', 'make room on it'],
};

/** Why a database could not be opened, in one line that names the variable and the way out. */
export function openFault(error: unknown, url: string): DatabaseError {
  const code = codeOf(error);
  const [what, remedy] = FAULTS[code] ??
    FAULTS[code.replace(/^(SQLITE_[A-Z]+)_.*/, '$1')] ?? ['it cannot be opened', 'correct it'];
  const said = messageOf(error);
  return new DatabaseError(
    'database.unreachable',
    `DATABASE_URL (${shown(url)}): ${what}: ${remedy}${said ? ` (${said})` : ''}`,
    { cause: error, remedy },
  );
}

/** Drivers and the ORM wrap one another's errors; a host with several addresses gives one for each. */
function* errorsOf(error: unknown, depth = 0): Generator<Error> {
  // Not instanceof: errors of Node's own functions may come from another realm.
  if (!types.isNativeError(error) || depth > 5) return;
  yield error;
  yield* errorsOf(error.cause, depth + 1);
  const { errors } = error as Partial<AggregateError>;
  for (const one of (errors ?? []) as unknown[]) yield* errorsOf(one, depth + 1);
}

function codeOf(error: unknown): string {
  const codes = [...errorsOf(error)].flatMap(({ code }: NodeJS.ErrnoException) =>
    typeof code === 'string' ? [code] : [],
  );
  return codes.find((code) => code in FAULTS) ?? codes[0] ?? '';
}

/** What the innermost said, in one line. */
const messageOf = (error: unknown): string =>
  ([...errorsOf(error)].findLast(({ message }) => message !== '')?.message ?? '')
    .split('\n', 1)
    .join('')
    .slice(0, 200);

/** Never the password. */
function shown(url: string): string {
  if (url.startsWith('sqlite:')) return url;
  try {
    const { host, pathname } = new URL(url);
    return `${host}${pathname}`;
  } catch {
    return 'PostgreSQL';
  }
}
