import type { Database } from '#db';
import type { HalfLines } from '../channel/half-lines.js';
import type { Bus, HealthRegistry, Logger } from '#runtime';
import type { GatewayConfig } from '../config.js';
import type { Admission } from '../core/admission.js';
import type { Counters } from './counters.js';
import type { Lease } from './lease.js';

/** What all machines of this process share. */
export interface GatewayContext {
  readonly config: GatewayConfig;
  readonly database: Database;
  readonly bus: Bus;
  readonly logger: Logger;
  readonly health: HealthRegistry;
  readonly lease: Lease;
  readonly counters: Counters;
  /** Machines come in through it: their first question to the database, and their hello. */
  readonly admission: Admission;
  /** Lines of all machines that have not ended. */
  readonly halfLines: HalfLines;
  /** Machines heard of since the last sweep, which writes them down together. */
  readonly seen: Set<string>;
}
