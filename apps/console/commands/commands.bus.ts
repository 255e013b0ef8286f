import { Injectable, type OnModuleInit } from '@nestjs/common';
import { BusEvents, CommandEvent } from '#protocol';
import { Bus } from '#runtime';
import { CommandsService } from './commands.service.js';

/** `command.changed`, which a gateway rings. */
@Injectable()
export class CommandsBus implements OnModuleInit {
  constructor(
    private readonly bus: Bus,
    private readonly commands: CommandsService,
  ) {}

  onModuleInit(): void {
    this.bus.onEvent(BusEvents.commandChanged, CommandEvent, ({ commandId }) =>
      this.commands.ring(commandId),
    );
  }
}
