import { AuditModule } from './audit/audit.module.js';
import { CommandsModule } from './commands/commands.module.js';
import { ExecutionsModule } from './executions/executions.module.js';
import { HostsModule } from './hosts/hosts.module.js';
import { MachinesModule } from './machines/machines.module.js';
import { MediaModule } from './media/media.module.js';
import { ScriptsModule } from './scripts/scripts.module.js';
import { SealingModule } from './sealing/sealing.module.js';

/** The slices of the operators' API. */
export const API_MODULES = [
  MachinesModule,
  CommandsModule,
  ScriptsModule,
  ExecutionsModule,
  MediaModule,
  SealingModule,
  HostsModule,
  AuditModule,
];
