import { type Database, findUnjudgedVersions, findWaitingRuns, keepVersion, refuseRun } from '#db';
import { judgementOf } from '#placeholders';

/** Versions that are read at once. */
const PAGE = 100;

/**
 * Looks at the scripts that were saved before placeholders were judged. Those in which the value of an input
 * would become code are told; what waits of them ends as FAILED with BAD_INPUT and their series stop, unless
 * they are kept.
 * @param keep marks them as kept: they run as they did before
 * @param tell gets a line for each
 */
export async function judgeOldPlaceholders(
  database: Database,
  { keep, tell }: { keep: boolean; tell: (line: string) => void },
): Promise<void> {
  let last: string | null = null;
  for (;;) {
    const versions = await findUnjudgedVersions(database.work(), last, PAGE);
    for (const version of versions) {
      const [fault] = (await judgementOf(version)).faults;
      if (!fault) continue;
      const reason = `${fault.message}; ${fault.remedy}`;
      let waiting = 0;
      if (keep) await keepVersion(database.work(), version.id);
      else
        for (const run of await findWaitingRuns(database.work(), version)) {
          await database.transaction((work) => refuseRun(work, run, reason));
          waiting += 1;
        }
      const what = keep ? 'kept' : `refused, ${waiting} waiting runs ended`;
      tell(`script ${version.scriptId} version ${version.version} (${version.name}): ${what}: ${reason}`);
    }
    if (versions.length < PAGE) return;
    last = versions.at(-1)?.id ?? null;
  }
}
