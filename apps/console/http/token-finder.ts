import { ConsoleToken, type Database } from '#db';
import { singleToken, type TokenFinder } from '#app';

/** The token of the configuration, or one of the named tokens, which are stored as hashes. */
export function consoleTokens(database: Database, configured: string): TokenFinder {
  const own = singleToken('console', configured);
  return async (sha256) => {
    const name = await own(sha256);
    if (name !== null) return name;
    // A look-up by the hash of 256 random bits tells a guesser nothing by its time.
    const token = await database
      .work()
      .findOne(ConsoleToken, { sha256: sha256.toString('hex'), revokedAt: null });
    return token?.name ?? null;
  };
}
