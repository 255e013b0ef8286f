import { Controller, Get } from '@nestjs/common';
import { VERSION } from '#runtime';
import { DOCUMENT_PATH } from './openapi/document-path.js';

/** `/`: what this is, for whoever finds the port. Needs no token and tells nothing of the machines. */
@Controller()
export class RootController {
  @Get()
  about(): object {
    return {
      name: 'Infinibay Guest Suite console',
      version: VERSION,
      openapi: DOCUMENT_PATH,
      access: 'send the console token as "Authorization: Bearer <token>"',
    };
  }
}
