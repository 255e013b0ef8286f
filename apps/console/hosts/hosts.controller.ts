import { Controller, Get, Inject, Query, UseGuards, UseInterceptors } from '@nestjs/common';
import { AuditEntry, Database, databaseNow, Host, Machine } from '#db';
import { type AuditDto, type HostDto, Page } from '#protocol';
import { AccessGuard } from '#app';
import { validated } from '#runtime';
import { after, NEWEST_FIRST, toPage } from '../http/page.js';
import { IdempotencyInterceptor } from '../http/idempotency.interceptor.js';

/** What operators look at: gateways, and who changed what. */
@UseGuards(AccessGuard)
@UseInterceptors(IdempotencyInterceptor)
@Controller('api')
export class OperationsController {
  constructor(@Inject(Database) private readonly database: Database) {}

  @Get('hosts')
  async hosts(): Promise<{ items: HostDto[]; nextCursor: null }> {
    const work = this.database.work();
    const now = await databaseNow(work);
    const hosts = await work.find(Host, {}, { orderBy: { id: 'asc' } });
    const items = await Promise.all(
      hosts.map(async (host): Promise<HostDto> => ({
        id: host.id,
        lastSeenAt: host.lastSeenAt.toISOString(),
        version: host.version,
        machines: host.machines,
        ready: host.ready,
        leases: await this.database
          .work()
          .count(Machine, { leaseOwner: host.instance, leaseExpiresAt: { $gt: now } }),
        lagSeconds: Math.max(0, (now.getTime() - host.lastSeenAt.getTime()) / 1000),
      })),
    );
    return { items, nextCursor: null };
  }

  @Get('audit')
  async audit(@Query(validated(Page)) page: Page): Promise<{ items: AuditDto[]; nextCursor: string | null }> {
    const rows = await this.database
      .work()
      .find(AuditEntry, after(page.cursor), { orderBy: NEWEST_FIRST, limit: page.limit + 1 });
    return toPage(
      rows,
      page.limit,
      ({ id, actor, action, subjectType, subjectId, before, after: later, correlationId, createdAt }) => ({
        id,
        actor,
        action,
        subjectType,
        subjectId,
        before,
        after: later,
        correlationId,
        createdAt: createdAt.toISOString(),
      }),
    );
  }
}
