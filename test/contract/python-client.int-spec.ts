import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { command } from '../support/processes/commands.js';
import { generatePythonClient, python } from '../support/clients/python-client.js';

describe('a Python client generated from the document', () => {
  let folder: string;
  let said: string;
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'infinibay-python-'));
    said = generatePythonClient(folder, 'infinibay_console');
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  it('has all of it', () => expect(said).not.toMatch(/warning|unable|unsupported/i));

  it.each(['Machine', 'Execution', 'Script'])('names %s once', (name) => {
    const models = join(folder, 'infinibay_console/models');
    const files = readdirSync(models).filter((file) => file.endsWith('.py'));
    const meant = new RegExp(`^${name}(Dto|Input|Output|Response|_?\\d+)?$`, 'i');
    const classes = files.flatMap((file) =>
      [...readFileSync(join(models, file), 'utf8').matchAll(/^class (\w+)/gm)].map(([, found]) => [
        file,
        found,
      ]),
    );
    expect(classes.filter(([, found]) => meant.test(found ?? ''))).toEqual([
      [`${name.toLowerCase()}.py`, name],
    ]);
  });

  it('can be imported, and knows the statuses', () => {
    const program =
      'from infinibay_console.models import Machine, Execution, Script, ExecutionStatus\n' +
      'from infinibay_console.api.executions import list_executions\n' +
      'print(Machine.__name__, Execution.__name__, Script.__name__, ExecutionStatus("PENDING"))';
    expect(command(python(), ['-c', program], { cwd: folder })).toBe('Machine Execution Script PENDING\n');
  });
});
