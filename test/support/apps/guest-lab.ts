import { randomUUID } from 'node:crypto';
import { adoptMachine, type Database, Machine, type ScriptExecution } from '#db';
import { FakeGuest } from '../guests/fake-guest.js';
import { schedule, script } from '../rows/rows.js';
import { waitFor } from '../wait.js';
import { socketFolder, startGateway, type TestGateway } from './gateway.js';

/** So rare that no sweep helps in a test. */
const NO_SWEEP = { SWEEP_SECONDS: '300', LEASE_SECONDS: '600' };

/** One machine, the gateway of its host, and whoever speaks on its channel. */
export class GuestLab {
  private readonly host = socketFolder();
  private gateway: TestGateway | null = null;
  private current: FakeGuest | null = null;
  private scriptId = '';

  constructor(
    private readonly database: Database,
    private readonly url: string,
    readonly vmId: string = randomUUID(),
  ) {}

  async start(env: NodeJS.ProcessEnv = {}): Promise<this> {
    await this.database.transaction((work) => adoptMachine(work, { id: this.vmId, name: 'vm', os: 'linux' }));
    this.scriptId = await script(this.database);
    this.gateway = await startGateway(this.url, this.host.baseDir, { ...NO_SWEEP, ...env });
    return this;
  }

  async stop(): Promise<void> {
    await this.current?.close();
    await this.gateway?.stop();
    this.host.remove();
  }

  /** Starts a system on the machine: another agent, with a session, a spool and a boot of its own. */
  async boot(): Promise<FakeGuest> {
    await this.current?.close();
    this.current = await new FakeGuest(this.host.sockets, this.vmId).open();
    return this.current;
  }

  async row(more: object = {}): Promise<ScriptExecution> {
    const [made] = await schedule(this.database, { machineId: this.vmId, scriptId: this.scriptId, ...more });
    return made!;
  }

  firstBoot(mediaId: string, more: object = {}): Promise<ScriptExecution> {
    return this.row({ executionType: 'FIRST_BOOT', mediaId, ...more });
  }

  machine(): Promise<Machine> {
    return this.database.work().findOneOrFail(Machine, { id: this.vmId });
  }

  /** Asks for scripts until there is an answer: everything before it has been handled. */
  async ask(guest: FakeGuest): Promise<void> {
    const before = guest.count('pending_scripts_response');
    guest.ask();
    await waitFor(() => guest.count('pending_scripts_response') > before, { what: 'an answer' });
  }
}

/** Ids of the executions that a guest was given. */
export const handed = (guest: FakeGuest): string[] => guest.scripts.map(({ execution_id }) => execution_id);
