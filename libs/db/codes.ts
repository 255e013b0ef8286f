import { errorsOf, type Catalogue } from '#runtime';

/** What keeps an app from starting with the database that it was given, or from writing more to it. */
export const DATABASE_CODES = {
  'database.unreachable': {
    status: 500,
    atStart: true,
    when: 'The database of DATABASE_URL cannot be opened: nobody answers, it lets nobody in, or it is none.',
    remedy: 'start the database, or correct DATABASE_URL',
  },
  'database.not_migrated': {
    status: 500,
    atStart: true,
    when: 'The database of DATABASE_URL lacks migrations of this version, and nobody has run them for 60 s.',
    remedy: 'run npm run migrate with the same DATABASE_URL',
  },
  'database.reserve': {
    status: 507,
    when: 'The database is near the end of its room: executions, commands and media are taken again when there is more.',
    remedy: 'make room where the database lies, or lower DATABASE_RESERVE_MIB',
  },
} as const satisfies Catalogue;

export class DatabaseError extends errorsOf(DATABASE_CODES) {}
