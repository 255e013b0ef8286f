import { Get } from '@nestjs/common';
import { HostDto, type Page, pageOf } from '#protocol';
import { Answers } from '../http/answers.js';
import { OperatorApi } from '../http/operator-api.js';
import { HostsService } from './hosts.service.js';

const HostPage = pageOf(HostDto, 'HostPage');

@OperatorApi('hosts', 'Hosts')
export class HostsController {
  constructor(private readonly hosts: HostsService) {}

  @Get()
  @Answers({ summary: 'List hosts: all of them, by name', body: HostPage })
  listHosts(): Promise<Page<HostDto>> {
    return this.hosts.list();
  }
}
