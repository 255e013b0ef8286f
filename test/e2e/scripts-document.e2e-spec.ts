import { rmSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { spawnSync } from 'node:child_process';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { ExecutionDto, ExplanationDto } from '#protocol';
import { baseDir } from '../support/apps/apps.js';
import { type Demonstration, startDemonstration } from '../support/apps/demonstration.js';
import { asPattern, blocksOf } from '../support/text/runnable-document.js';
import { faultOf, typeBlocks } from '../support/text/typed-blocks.js';
import { waitFor } from '../support/wait.js';

const root = resolve(import.meta.dirname, '../..');
const blocks = blocksOf(join(root, 'docs/scripts.md'));
const guestBlocks = blocks.filter(({ marks }) => marks.includes('guest'));
/** The value that docs/scripts.md names for the input `who`. */
const WHO = 'Ada $(id) "x"';

describe('docs/scripts.md', () => {
  const base = baseDir();
  let demonstration: Demonstration;
  beforeAll(async () => {
    demonstration = await startDemonstration(base);
  }, 120_000);
  afterAll(async () => {
    await demonstration?.app.stop();
    rmSync(base, { recursive: true, force: true });
  });

  const request = async <T>(method: string, path: string, body?: object): Promise<T> => {
    const { consoleUrl, token } = demonstration;
    const response = await fetch(`${consoleUrl}/api${path}`, {
      method,
      headers: {
        authorization: `Bearer ${token}`,
        ...(body ? { 'content-type': 'application/json' } : {}),
      },
      ...(body ? { body: JSON.stringify(body) } : {}),
    });
    const text = await response.text();
    if (!response.ok) throw new Error(`${method} ${path} answered ${response.status}: ${text}`);
    return JSON.parse(text) as T;
  };

  it('shows what its commands print', () => {
    const run = blocks.filter(({ marks }) => marks.includes('run'));
    expect(run.length).toBeGreaterThan(8);
    const { typed, stderr, status } = typeBlocks(run, {
      here: demonstration.here,
      cwd: root,
      env: { PATH: process.env['PATH'], HOME: process.env['HOME'] },
    });
    expect([...typed.map(faultOf).filter(Boolean), stderr]).toEqual(['']);
    expect(status).toBe(0);
  }, 300_000);

  it.each(guestBlocks.map((block) => [block.line, block] as const))(
    'shows what the script of line %i prints on a machine',
    async (_line, block) => {
      const { items: machines } = await request<{ items: { id: string }[] }>('GET', '/machines');
      const script = await request<{ id: string }>('POST', '/scripts', {
        name: `line ${block.line}`,
        shell: block.language.toUpperCase(),
        content: block.text,
        inputs: [{ name: 'who', type: 'text' }],
      });
      const { items } = await request<{ items: ExecutionDto[] }>('POST', '/executions', {
        scriptId: script.id,
        machineIds: [machines[0]?.id],
        inputs: { who: WHO },
      });
      const id = items[0]?.id;
      if (!block.marks.includes('restarts')) {
        const row = await waitFor(
          async () => {
            const found = await request<ExecutionDto>('GET', `/executions/${id}`);
            return found.completedAt ? found : null;
          },
          { what: 'the script to end' },
        );
        expect(row).toMatchObject({ status: 'SUCCESS', stderr: '' });
        expect(row.stdout).toMatch(asPattern(block.shows ?? ''));
        return;
      }
      // This machine is no guest and is not restarted: the row waits for it, as the document says.
      await waitFor(
        async () =>
          (await request<ExplanationDto>('GET', `/executions/${id}/explanation`)).code === 'waits_for_reboot',
        { what: 'the script to ask for a restart' },
      );
      const row = await request<ExecutionDto>('GET', `/executions/${id}`);
      expect(row).toMatchObject({ status: 'PENDING', attempt: 2 });
      await request('POST', `/executions/${id}/cancel`);
      const again = spawnSync(block.language, ['-c', block.text], { env: { INFINIBAY_ATTEMPT: '2' } });
      expect(again.status).toBe(0);
    },
  );

  it('has JSON that is JSON', () => {
    const json = blocks.filter(({ language }) => language === 'json');
    expect(json.length).toBeGreaterThan(1);
    for (const { text } of json) expect(() => void JSON.parse(text)).not.toThrow();
  });
});
