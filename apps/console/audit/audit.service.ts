import { Injectable } from '@nestjs/common';
import { AuditEntry, Database, findPage } from '#db';
import type { AuditDto, Page, PageQuery } from '#protocol';
import { pageRequest, toPage } from '../http/page.js';
import { toAuditDto } from './audit.dto.js';

@Injectable()
export class AuditService {
  constructor(private readonly database: Database) {}

  async list(page: PageQuery): Promise<Page<AuditDto>> {
    const rows = await findPage(this.database.work(), AuditEntry, {}, pageRequest(page));
    return toPage(rows, page.limit, toAuditDto);
  }
}
