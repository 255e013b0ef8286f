import { Get, Query } from '@nestjs/common';
import { AuditDto, type Page, pageOf, PageQuery } from '#protocol';
import { Answers } from '../http/answers.js';
import { OperatorApi } from '../http/operator-api.js';
import { AuditService } from './audit.service.js';

const AuditPage = pageOf(AuditDto, 'AuditPage');

@OperatorApi('audit', 'Audit')
export class AuditController {
  constructor(private readonly entries: AuditService) {}

  @Get()
  @Answers({ summary: 'Who changed what', body: AuditPage, refuses: [400] })
  listAudit(@Query({ schema: PageQuery }) page: PageQuery): Promise<Page<AuditDto>> {
    return this.entries.list(page);
  }
}
