import { Module } from '@nestjs/common';
import { SealingController } from './sealing.controller.js';
import { SealingService } from './sealing.service.js';

@Module({ controllers: [SealingController], providers: [SealingService] })
export class SealingModule {}
