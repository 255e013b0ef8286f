import { createHash, randomBytes } from 'node:crypto';
import type { EntityData } from '@mikro-orm/core';
import { seal, unseal } from '#secrets';
import type { Work } from '../database.js';
import { RunContent } from '../entities/run-content.js';
import { dialectOf } from '../sql.js';

/** 256 random bits as hexadecimal digits; also the key under which the text is sealed. */
const TOKEN = /^[0-9a-f]{64}$/;

const hashOf = (token: string): string => createHash('sha256').update(token).digest('hex');
const contextOf = (executionId: string): string => `run:${executionId}`;

/** Keeps a run's text for one download. @returns the token to fetch it by */
export async function keepRunContent(
  work: Work,
  run: { machineId: string; executionId: string; content: string; seconds: number },
): Promise<string> {
  const token = randomBytes(32).toString('hex');
  const { now, nowPlusSeconds } = dialectOf(work);
  await work.execute(
    `insert into run_content (token_sha256, machine_id, execution_id, sealed, created_at, expires_at) values (?, ?, ?, ?, ${now}, ${nowPlusSeconds})`,
    [
      hashOf(token),
      run.machineId,
      run.executionId,
      seal(token, contextOf(run.executionId), run.content),
      run.seconds,
    ],
  );
  return token;
}

/** Hands a text out, once. @returns null for a token that is unknown, used or too old */
export async function takeRunContent(
  work: Work,
  token: string,
): Promise<{ machineId: string; executionId: string; content: string } | null> {
  if (!TOKEN.test(token)) return null;
  const { now } = dialectOf(work);
  const rows = await work.execute<EntityData<RunContent>[]>(
    `update run_content set fetched_at = ${now} where token_sha256 = ? and fetched_at is null and expires_at > ${now} returning *`,
    [hashOf(token)],
  );
  if (!rows[0]) return null;
  const { machineId, executionId, sealed } = work.fork().map(RunContent, rows[0]);
  return { machineId, executionId, content: unseal(token, contextOf(executionId), sealed) };
}

/** Deletes what can be fetched no more. */
export async function forgetRunContents(work: Work): Promise<void> {
  await work.execute(
    `delete from run_content where fetched_at is not null or expires_at < ${dialectOf(work).now}`,
  );
}
