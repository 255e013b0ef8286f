import { Inject, Injectable } from '@nestjs/common';
import {
  type SealedPasswordDto,
  type SealingKeyDto,
  sealingPublicKey,
  type SealPassword,
  sealPassword,
} from '#protocol';
import { ConsoleError } from '../codes.js';
import type { ConsoleConfig } from '../config.js';
import { CONSOLE_CONFIG } from '../console-config.js';

/** Seals passwords for those who ask for media over the bus. */
@Injectable()
export class SealingService {
  constructor(@Inject(CONSOLE_CONFIG) private readonly config: Pick<ConsoleConfig, 'SEALING_KEY'>) {}

  /** @throws AppError `sealing.no_key` (503) without SEALING_KEY */
  key(): SealingKeyDto {
    const { SEALING_KEY } = this.config;
    if (SEALING_KEY === undefined)
      throw new ConsoleError(
        'sealing.no_key',
        'this console has no SEALING_KEY: set it for console and media',
      );
    return { algorithm: 'X25519-HKDF-SHA256-AES256GCM', publicKey: sealingPublicKey(SEALING_KEY) };
  }

  /** @throws AppError `sealing.no_key` (503) without SEALING_KEY */
  seal(request: SealPassword): SealedPasswordDto {
    return { passwordSealed: sealPassword(this.key().publicKey, request) };
  }
}
