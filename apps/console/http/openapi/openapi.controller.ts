import { Controller, Get, UseGuards } from '@nestjs/common';
import { AccessGuard } from '#app';
import { openApiDocument } from './document.js';

@UseGuards(AccessGuard)
@Controller(['openapi.json', 'api/openapi.json'])
export class OpenApiController {
  private readonly document = openApiDocument();

  @Get()
  get(): object {
    return this.document;
  }
}
