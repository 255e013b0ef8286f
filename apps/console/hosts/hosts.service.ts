import { Injectable } from '@nestjs/common';
import { Database, databaseNow, Host, Machine } from '#db';
import type { HostDto, Page } from '#protocol';
import { toHostDto } from './host.dto.js';

@Injectable()
export class HostsService {
  constructor(private readonly database: Database) {}

  async list(): Promise<Page<HostDto>> {
    const work = this.database.work();
    const now = await databaseNow(work);
    const hosts = await work.find(Host, {}, { orderBy: { id: 'asc' } });
    const items = await Promise.all(
      hosts.map(async (host) => {
        const held = { leaseOwner: host.instance, leaseExpiresAt: { $gt: now } };
        return toHostDto(host, await this.database.work().count(Machine, held), now);
      }),
    );
    return { items, nextCursor: null };
  }
}
