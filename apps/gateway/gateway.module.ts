import { type DynamicModule, Module } from '@nestjs/common';
import { ScheduleModule } from '@nestjs/schedule';
import type { GatewayConfig } from './config.js';
import { GATEWAY_CONFIG, GatewayService } from './host/gateway.service.js';

/** One hypervisor host's side of the channels. Needs `RuntimeModule` and `DatabaseModule` beside it. */
@Module({})
export class GatewayModule {
  static forRoot(config: GatewayConfig): DynamicModule {
    return {
      module: GatewayModule,
      imports: [ScheduleModule.forRoot()],
      providers: [{ provide: GATEWAY_CONFIG, useValue: config }, GatewayService],
    };
  }
}
