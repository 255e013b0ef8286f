import { Injectable } from '@nestjs/common';
import { countLeases, Database, databaseNow, Host } from '#db';
import type { HostDto, Page } from '#protocol';
import { toHostDto } from './host.dto.js';

@Injectable()
export class HostsService {
  constructor(private readonly database: Database) {}

  async list(): Promise<Page<HostDto>> {
    const work = this.database.work();
    const now = await databaseNow(work);
    const hosts = await work.find(Host, {}, { orderBy: { id: 'asc' } });
    const leases = await countLeases(
      work,
      hosts.map(({ instance }) => instance),
    );
    const items = hosts.map((host) => toHostDto(host, leases.get(host.instance) ?? 0, now));
    return { items, nextCursor: null };
  }
}
