import { Module } from '@nestjs/common';
import { MachinesModule } from '../machines/machines.module.js';
import { CommandsBus } from './commands.bus.js';
import { CommandsController } from './commands.controller.js';
import { CommandsService } from './commands.service.js';

@Module({
  imports: [MachinesModule],
  controllers: [CommandsController],
  providers: [CommandsService, CommandsBus],
})
export class CommandsModule {}
