import { type Database, versionsWithPatterns } from '#db';
import { patternFault } from '#patterns';

/** Saved versions with a pattern that would be refused today, one line for each. */
export async function refusedPatterns(database: Database): Promise<string[]> {
  const lines: string[] = [];
  for await (const { scriptId, version, inputs } of versionsWithPatterns(database.work()))
    for (const { name, pattern } of inputs) {
      const fault = patternFault(pattern);
      if (fault)
        lines.push(
          `script ${scriptId} version ${version}: the pattern of its input ${name} ${fault.message}: runs that give this input are refused; save a version with another pattern`,
        );
    }
  return lines;
}
