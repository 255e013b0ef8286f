import { createTwoFilesPatch } from 'diff';
import { stringify } from 'yaml';
import type { MediaResult } from '#protocol';
import { withoutSecrets } from '../media/spec-file.js';
import { filesTable } from './plan-text.js';
import { printable } from './terminal.js';

export interface Planned {
  /** The name of the spec, for the head of the diff. */
  name: string;
  spec: unknown;
  result: MediaResult;
}

export interface PlanDiff {
  /** Unified diffs; empty where the two are equal. */
  request: string;
  plan: string;
  files: string;
}

/** What is different between two specs, and in what is made of them. */
export function planDiff(before: Planned, after: Planned): PlanDiff {
  const unified = (what: string, text: (planned: Planned) => string): string => {
    const [old, now] = [printable(text(before)), printable(text(after))];
    if (old === now) return '';
    const patch = createTwoFilesPatch(
      `${before.name} (${what})`,
      `${after.name} (${what})`,
      old,
      now,
      undefined,
      undefined,
      { context: 2 },
    );
    // Its first line is a rule of equal signs.
    return patch.replace(/^=+\n/, '');
  };
  return {
    request: unified('request', ({ spec }) =>
      stringify(withoutSecrets(spec), { lineWidth: 0, sortMapEntries: true }),
    ),
    plan: unified('plan', ({ result }) => `${readablePlan(result)}\n`),
    files: unified('files', ({ result }) => `${filesTable(result)}\n`),
  };
}

/** The plan as YAML, long texts line by line. Each dry run has an id of its own, which is no difference. */
function readablePlan({ id, plan }: MediaResult): string {
  return stringify(plan, { lineWidth: 0 }).replaceAll(id, '{id}').trimEnd();
}

export const diffText = ({ request, plan, files }: PlanDiff): string =>
  [request, plan, files].filter((part) => part !== '').join('\n') ||
  'no difference in request, plan and files\n';
