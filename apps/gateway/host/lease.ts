import { randomBytes } from 'node:crypto';
import { type Database, releaseLease, renewLeases, takeLease } from '#db';
import type { GatewayConfig } from '../config.js';

/**
 * This process's hold on machines: while it has a machine's lease, it alone hands out and judges that
 * machine's rows. The database decides and fences every statement with it; what is remembered here only
 * spares questions whose answer would be no.
 */
export class Lease {
  /** HOST_ID and a random part of this process: who holds the leases. */
  readonly owner: string;
  /** Machines that are held, each with the renewal after which it was taken or renewed last. */
  private held = new Map<string, number>();
  private renewal = 0;

  constructor(
    private readonly database: Pick<Database, 'work'>,
    private readonly config: Pick<GatewayConfig, 'HOST_ID' | 'LEASE_SECONDS'>,
  ) {
    this.owner = `${config.HOST_ID}#${randomBytes(6).toString('hex')}`;
  }

  holds(machineId: string): boolean {
    return this.held.has(machineId);
  }

  /**
   * Takes a machine whose guest has spoken here, or goes on holding it.
   * @param session of the agent that has spoken; null from the public one
   * @returns false while another gateway holds it
   */
  async take(machineId: string, session: string | null): Promise<boolean> {
    const epoch = await takeLease(this.database.work(), {
      machineId,
      owner: this.owner,
      hostId: this.config.HOST_ID,
      seconds: this.config.LEASE_SECONDS,
      session,
    });
    if (epoch === null) this.held.delete(machineId);
    else this.held.set(machineId, this.renewal);
    return epoch !== null;
  }

  /**
   * Renews all that are held. Those that have ended, or that another gateway has taken meanwhile, are lost.
   */
  async renew(): Promise<void> {
    this.renewal += 1;
    const { renewal } = this;
    const renewed = await renewLeases(this.database.work(), this.owner, this.config.LEASE_SECONDS);
    const held = new Map(renewed.map((machineId) => [machineId, renewal]));
    // One that was taken while the statement ran is held, whether the statement saw it or not.
    for (const [machineId, taken] of this.held) if (taken >= renewal) held.set(machineId, taken);
    this.held = held;
  }

  /** Gives a machine up at once, so that another gateway need not wait for the end of the lease. */
  async release(machineId: string): Promise<void> {
    this.held.delete(machineId);
    await releaseLease(this.database.work(), machineId, this.owner);
  }
}
