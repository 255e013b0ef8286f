import { Controller, Get, UseGuards } from '@nestjs/common';
import type { OpenAPIObject } from '@nestjs/swagger';
import { AccessGuard, ThisApp } from '#app';
import { API_PREFIX } from '../operator-api.js';
import { openApiDocument } from './document.js';
import { DOCUMENT_PATH } from './document-path.js';

@UseGuards(AccessGuard)
@Controller([DOCUMENT_PATH, `${API_PREFIX}${DOCUMENT_PATH}`])
export class OpenApiController {
  private document: OpenAPIObject | undefined;

  constructor(private readonly running: ThisApp) {}

  @Get()
  get(): OpenAPIObject {
    return (this.document ??= openApiDocument(this.running.app));
  }
}
