import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { MediaRequest } from '#protocol';
import type { KickstartMedium } from '../../../apps/media/families/kickstart/kickstart.js';
import { kickstartSeed } from '../../../apps/media/families/kickstart/kickstart.js';
import type { AgentInstall } from '../../../apps/media/families/linux/agent-files.js';
import { installEnv } from '../../../apps/media/families/linux/install-env.js';
import { CANARY_TOKEN, SEED_INSTALL } from '../media/seeds.js';
import { EventServer } from '../servers/event-server.js';
import { AnacondaMachine } from './anaconda-machine.js';
import type { FakeDisk } from './fake-disks.js';
import type { InstallerSystem } from './installer-programs.js';

export const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');

const GIB = 1024 ** 3;
export const vda: FakeDisk = { name: 'vda', bytes: 20 * GIB, serial: { in: 'virtio', text: 'DISK-1' } };
export const vdb: FakeDisk = { name: 'vdb', bytes: 40 * GIB, serial: { in: 'virtio', text: 'DISK-2' } };

/** Servers that take reports and give files, and machines that are installed by kickstart. */
export class AnacondaLab {
  readonly events = new EventServer();
  /** What is to be had from the distribution, by its hash. */
  readonly files = new Map<string, string>();
  readonly folder = mkdtempSync(join(tmpdir(), 'infinibay-anaconda-'));
  install: AgentInstall = SEED_INSTALL;
  private machines = 0;
  private readonly fileServer: Server = createServer((request, response) => {
    const body = this.files.get(request.url?.split('/').pop() ?? '');
    response.writeHead(body === undefined ? 404 : 200).end(body);
  });

  async start(): Promise<void> {
    await new Promise<void>((resolve) => this.fileServer.listen(0, '127.0.0.1', resolve));
    this.install = {
      ...SEED_INSTALL,
      distributionUrl: `http://127.0.0.1:${(this.fileServer.address() as AddressInfo).port}`,
      reporting: { url: await this.events.listen(), token: CANARY_TOKEN },
    };
  }

  reset(): void {
    this.events.reports.length = 0;
    this.events.status = 204;
    this.files.clear();
  }

  async stop(): Promise<void> {
    this.fileServer.close();
    await this.events.close();
    rmSync(this.folder, { recursive: true, force: true });
  }

  machine(
    request: MediaRequest,
    disks: FakeDisk[],
    more: { install?: AgentInstall; system?: InstallerSystem; medium?: KickstartMedium } = {},
  ): AnacondaMachine {
    const install = more.install ?? this.install;
    const files = [...kickstartSeed(request, install, more.medium), installEnv(install)];
    const root = join(this.folder, `machine-${(this.machines += 1)}`);
    return new AnacondaMachine(root, files, disks, more.system);
  }
}
