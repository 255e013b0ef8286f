import { Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import type { OpenAPIObject } from '@nestjs/swagger';
import { ACCESS_RULES } from '#app';
import { Database } from '#db';
import { Bus } from '#runtime';
import { API_MODULES } from '../../api.modules.js';
import { CONSOLE_CONFIG, CONSOLE_TOKEN } from '../../console-config.js';
import { Idempotency } from '../idempotency.js';
import { openApiDocument } from './document.js';

/** What the slices ask for. Nothing of it is made: the document is read off their decorators. */
const NEEDED = [Database, Bus, ACCESS_RULES, CONSOLE_CONFIG, CONSOLE_TOKEN, Idempotency];

@Module({
  imports: API_MODULES,
  providers: NEEDED.map((provide) => ({ provide, useValue: null })),
  exports: NEEDED,
})
class PreviewModule {}

/** The document without a running console: no database, no bus, no port. */
export async function previewedDocument(): Promise<OpenAPIObject> {
  const app = await NestFactory.create<NestFastifyApplication>(
    { module: PreviewModule, global: true },
    new FastifyAdapter(),
    { preview: true, abortOnError: false, logger: false },
  );
  return openApiDocument(app);
}
