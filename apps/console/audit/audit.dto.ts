import type { AuditEntry } from '#db';
import type { AuditDto } from '#protocol';

export function toAuditDto(entry: AuditEntry): AuditDto {
  const { id, actor, action, subjectType, subjectId, before, after, correlationId, createdAt } = entry;
  return {
    id,
    actor,
    action,
    subjectType,
    subjectId,
    before,
    after,
    correlationId,
    createdAt: createdAt.toISOString(),
  };
}
