import { Injectable } from '@nestjs/common';
import { AuditEntry, Database } from '#db';
import type { AuditDto, Page, PageQuery } from '#protocol';
import { after, NEWEST_FIRST, toPage } from '../http/page.js';
import { toAuditDto } from './audit.dto.js';

@Injectable()
export class AuditService {
  constructor(private readonly database: Database) {}

  async list({ cursor, limit }: PageQuery): Promise<Page<AuditDto>> {
    const rows = await this.database
      .work()
      .find(AuditEntry, after(cursor), { orderBy: NEWEST_FIRST, limit: limit + 1 });
    return toPage(rows, limit, toAuditDto);
  }
}
