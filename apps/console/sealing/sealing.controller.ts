import { Body, Get, Post } from '@nestjs/common';
import { SealedPasswordDto, SealingKeyDto, SealPassword } from '#protocol';
import { Answers } from '../http/answers.js';
import { OperatorApi } from '../http/operator-api.js';
import { SealingService } from './sealing.service.js';

@OperatorApi('', 'Sealing')
export class SealingController {
  constructor(private readonly sealing: SealingService) {}

  @Get('sealing-key')
  @Answers({
    summary: 'The public key to which passwords are sealed',
    body: SealingKeyDto,
    refuses: [503],
  })
  getSealingKey(): SealingKeyDto {
    return this.sealing.key();
  }

  @Post('sealed-passwords')
  @Answers({
    summary: 'Seal a Windows password for the bus',
    description:
      'For those without sealPassword of @infinibay/protocol. Each answer is another one; all of them open.',
    body: SealedPasswordDto,
    refuses: [400, 409, 413, 415, 503],
  })
  sealPassword(@Body({ schema: SealPassword }) body: SealPassword): SealedPasswordDto {
    return this.sealing.seal(body);
  }
}
