import { Injectable } from '@nestjs/common';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';

/** The application in which a provider runs: Nest hands it to whoever creates it, and to nobody inside. */
@Injectable()
export class ThisApp {
  /** Set before the port opens. */
  app!: NestFastifyApplication;
}
