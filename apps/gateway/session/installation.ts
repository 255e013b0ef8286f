import { createHash } from 'node:crypto';
import { recordInstallation, recordPublicInstallation } from '#db';
import type { Handshake } from '#protocol';
import type { AgentKind } from './agent-kind.js';
import type { Guest } from './guest.js';

/**
 * What one connection's agent says of the installation that it lies in: whether it goes on, and the medium
 * that it comes from, with that medium's proof. The machine's row follows, under the machine's lease: claims
 * read it there.
 */
export class InstallationNews {
  private hello: Pick<Handshake, 'setup' | 'medium'> | null = null;
  private kind: AgentKind = 'public';
  private written = true;
  /** One event a connection for a proof that is not the medium's. */
  private refused = false;

  constructor(private readonly guest: Guest) {}

  hear(hello: Handshake, kind: AgentKind): void {
    const { setup, medium } = hello;
    const same =
      this.hello !== null &&
      this.kind === kind &&
      this.hello.setup === setup &&
      this.hello.medium?.id === medium?.id &&
      this.hello.medium?.proof === medium?.proof;
    this.hello = { setup, medium };
    this.kind = kind;
    if (!same) this.written = false;
  }

  /** The lease was taken anew: another gateway may have written meanwhile. */
  tellAgain(): void {
    this.written = this.hello === null;
  }

  /**
   * Writes it down when the machine's row may say otherwise; without the lease, that is left to whoever holds
   * it, or to a later call.
   * @returns true when the row has changed
   */
  async record(): Promise<boolean> {
    const { guest, hello } = this;
    if (this.written || hello === null || !guest.holdsLease) return false;
    const { machineId, context, facts } = guest;
    const said = { machineId, owner: context.lease.owner };
    const now =
      this.kind === 'ours'
        ? await recordInstallation(context.database.work(), {
            ...said,
            setup: hello.setup ?? null,
            medium: hello.medium
              ? { id: hello.medium.id.toLowerCase(), proofSha256: sha256(hello.medium.proof) }
              : null,
          })
        : await recordPublicInstallation(context.database.work(), {
            ...said,
            isWindows: this.kind === 'public-windows',
          });
    if (now === null) return false;
    this.written = true;
    guest.recordedInstallation(now);
    await this.report(facts.provedMedium, now);
    return facts.setup !== now.setup || facts.provedMedium !== now.provedMedium;
  }

  private async report(
    before: string | null,
    { provedMedium, firstBootFrom }: { provedMedium: string | null; firstBootFrom: Date | null },
  ): Promise<void> {
    const { events } = this.guest;
    if (this.hello?.medium && this.kind === 'ours' && provedMedium === null && !this.refused) {
      this.refused = true;
      await events.security(
        'medium_unproved',
        `the agent names the medium ${this.hello.medium.id} without that medium's proof: it gets no first-boot scripts`,
      );
    }
    if (this.kind === 'public-windows' && firstBootFrom && provedMedium && provedMedium !== before)
      await events.record({
        kind: 'install',
        severity: 'info',
        code: 'install.first_boot_waits',
        message: `nobody tells of the end of Windows Setup here: first-boot scripts of the medium ${provedMedium} wait until ${firstBootFrom.toISOString()}`,
      });
  }
}

const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');
