import { expect, it } from '@jest/globals';
import { ScriptVersion } from '#db';
import { script } from '../../test/support/rows/rows.js';
import { onBothDatabases } from '../../test/support/servers/databases.js';
import { refusedPatterns } from './saved-patterns.js';

onBothDatabases('migrate', (given) => {
  it('lists versions whose pattern cannot be matched in linear time, and no others', async () => {
    const { database } = given();
    const [fine, refused] = [await script(database), await script(database)];
    const input = (pattern: string) => ({ name: 'port', type: 'text' as const, required: true, pattern });
    const work = database.work();
    await work.nativeUpdate(ScriptVersion, { scriptId: fine }, { inputs: [input('\\d+')] });
    await work.nativeUpdate(ScriptVersion, { scriptId: refused }, { inputs: [input('(?!0)\\d+')] });
    const lines = await refusedPatterns(database);
    expect(lines).toEqual([
      expect.stringContaining(`script ${refused} version 1: the pattern of its input port uses look-around`),
    ]);
  });
});
