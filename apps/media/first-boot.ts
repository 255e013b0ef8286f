import { Inject, Injectable } from '@nestjs/common';
import { Database, Script, ScriptVersion, type StoredInput, storedInputs } from '#db';
import { matchesWhole } from '#patterns';
import { checkInputs, FAMILY_RULES, type Fault, type MediaRequest } from '#protocol';
import { judgementOf } from '#placeholders';
import { invalidRequest } from '#runtime';
import type { MediaConfig } from './config.js';

export interface FirstBootScript {
  scriptId: string;
  scriptVersion: number;
  inputValues: Record<string, StoredInput>;
  timeoutSeconds: number;
  runAs: string | null;
  order: number;
}

/** Checks the scripts that are to run at first boot. */
@Injectable()
export class FirstBoot {
  constructor(
    @Inject(Database) private readonly database: Database,
    private readonly config: Pick<MediaConfig, 'SECRETS_KEY'>,
  ) {}

  /** @throws AppError `request.invalid` (400) with every fault of every script */
  async check(request: MediaRequest): Promise<FirstBootScript[]> {
    const work = this.database.work();
    const { platform } = FAMILY_RULES[request.os.family];
    const issues: Fault[] = [];
    const scripts: FirstBootScript[] = [];
    for (const [index, { scriptId, inputs, order }] of request.firstBootScripts.entries()) {
      const path = `firstBootScripts.${index}`;
      const script = await work.findOne(Script, { id: scriptId });
      const version = script && (await work.findOne(ScriptVersion, { scriptId, version: script.version }));
      if (!version) {
        issues.push({
          path: `${path}.scriptId`,
          message: `there is no script ${scriptId}`,
          remedy: 'POST /api/scripts first',
        });
        continue;
      }
      if (!version.platforms.includes(platform))
        issues.push({
          path: `${path}.scriptId`,
          message: `the script is for ${version.platforms.join(', ')}`,
          remedy: `choose one for ${platform}`,
        });
      // A version that is right has no faults; an old one that an operator keeps is not asked.
      const { faults: code } = version.placeholders === null ? await judgementOf(version) : { faults: [] };
      issues.push(
        ...code.map(({ message, remedy }) => ({
          path: `${path}.scriptId`,
          message,
          remedy: `PUT a version that is right: ${remedy}`,
        })),
      );
      const { values, faults } = checkInputs(version, inputs, matchesWhole);
      issues.push(...faults.map((fault) => ({ ...fault, path: `${path}.${fault.path}` })));
      const { SECRETS_KEY: secretsKey } = this.config;
      if (secretsKey === undefined && version.inputs.some(({ type }) => type === 'password')) {
        issues.push({
          path: `${path}.inputs`,
          message: 'the script takes a password and there is no SECRETS_KEY to seal it',
          remedy: 'set SECRETS_KEY',
        });
      }
      if (issues.length > 0) continue;
      scripts.push({
        scriptId,
        scriptVersion: version.version,
        inputValues: storedInputs(scriptId, version.inputs, values, secretsKey ?? ''),
        timeoutSeconds: version.timeoutSeconds,
        runAs: version.runAs,
        order: order ?? index,
      });
    }
    if (issues.length > 0) throw invalidRequest(issues);
    return scripts;
  }
}
