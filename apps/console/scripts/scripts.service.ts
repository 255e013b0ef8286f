import { createHash, randomUUID } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import {
  Database,
  databaseNow,
  findPage,
  nextScriptVersion,
  recordAudit,
  Script,
  ScriptVersion,
  type Work,
} from '#db';
import { type CreateScript, defaultPlatforms, type Page, type PageQuery, type ScriptDto } from '#protocol';
import { judgePlaceholders } from '#placeholders';
import { patternFault } from '#patterns';
import { type AppError, invalidRequest } from '#runtime';
import { ConsoleError } from '../codes.js';
import type { Actor } from '../http/by.js';
import { Idempotency, type RequestKey } from '../http/idempotency.js';
import { pageRequest, toPage } from '../http/page.js';
import { toScriptDto } from './script.dto.js';

@Injectable()
export class ScriptsService {
  constructor(
    private readonly database: Database,
    private readonly idempotency: Idempotency,
  ) {}

  /** @throws AppError `request.invalid` (400) when the value of an input would become code */
  async create(request: CreateScript, actor: Actor, key: RequestKey | null): Promise<ScriptDto> {
    checkPatterns(request);
    await refuseCode(request);
    return this.idempotency.once(key, async (work) => {
      const now = await databaseNow(work);
      const script = work.create(Script, { id: randomUUID(), version: 1, createdAt: now, updatedAt: now });
      work.persist(script);
      return this.addVersion(work, script, request, actor, 'script.create');
    });
  }

  /** Adds a version; runs that are scheduled keep the one they name. */
  async update(id: string, request: CreateScript, actor: Actor, key: RequestKey | null): Promise<ScriptDto> {
    checkPatterns(request);
    await refuseCode(request);
    return this.idempotency.once(key, async (work) => {
      if ((await nextScriptVersion(work, id)) === null) throw notFound(id);
      const script = await work.findOneOrFail(Script, { id });
      const before = await work.findOne(ScriptVersion, { scriptId: id, version: script.version - 1 });
      return this.addVersion(work, script, request, actor, 'script.update', before);
    });
  }

  async list(page: PageQuery): Promise<Page<ScriptDto>> {
    const work = this.database.work();
    const scripts = await findPage(work, Script, {}, pageRequest(page));
    const versions = await work.find(ScriptVersion, {
      $or: scripts.map(({ id, version }) => ({ scriptId: id, version })),
    });
    const current = new Map(versions.map((version) => [version.scriptId, version]));
    const { items, nextCursor } = toPage(scripts, page.limit, ({ id }) => current.get(id));
    return { items: items.flatMap((version) => (version ? [toScriptDto(version)] : [])), nextCursor };
  }

  async get(id: string): Promise<ScriptDto> {
    const work = this.database.work();
    const script = await work.findOne(Script, { id });
    if (!script) throw notFound(id);
    return toScriptDto(await work.findOneOrFail(ScriptVersion, { scriptId: id, version: script.version }));
  }

  private async addVersion(
    work: Work,
    script: Script,
    request: CreateScript,
    actor: Actor,
    action: string,
    before: ScriptVersion | null = null,
  ): Promise<ScriptDto> {
    const now = await databaseNow(work);
    script.updatedAt = now;
    const version = work.create(ScriptVersion, {
      id: randomUUID(),
      scriptId: script.id,
      version: script.version,
      name: request.name,
      description: request.description ?? null,
      platforms: request.platforms ?? defaultPlatforms(request),
      shell: request.shell,
      content: request.content,
      inputs: request.inputs,
      timeoutSeconds: request.timeoutSeconds,
      runAs: request.runAs ?? null,
      retry: request.retry ?? null,
      placeholders: 'judged',
      sha256: createHash('sha256').update(request.content).digest('hex'),
      createdAt: now,
    });
    work.persist(version);
    await work.flush();
    await recordAudit(work, {
      actor: actor.name,
      action,
      subjectType: 'script',
      subjectId: script.id,
      before: before && auditOf(before),
      after: auditOf(version),
      correlationId: actor.correlationId,
    });
    return toScriptDto(version);
  }
}

/** @throws AppError `request.invalid` (400) with line, column and the right form of each placeholder */
async function refuseCode(request: CreateScript): Promise<void> {
  const { faults } = await judgePlaceholders(request);
  if (faults.length > 0) throw invalidRequest(faults);
}

/** Scripts are saved without what would have to be matched by backtracking. */
function checkPatterns({ inputs }: CreateScript): void {
  const faults = inputs.flatMap(({ pattern }, index) => {
    const fault = pattern === undefined ? null : patternFault(pattern);
    return fault ? [{ path: `inputs.${index}.pattern`, ...fault }] : [];
  });
  if (faults.length > 0) throw invalidRequest(faults);
}

const auditOf = ({ version, name, sha256 }: ScriptVersion): object => ({ version, name, sha256 });

const notFound = (id: string): AppError => new ConsoleError('script.not_found', `there is no script ${id}`);
