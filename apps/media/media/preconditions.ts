import { Inject, Injectable } from '@nestjs/common';
import { Artifact, Database } from '#db';
import type { MediaRequest } from '#protocol';
import { AppError } from '#runtime';
import type { MediaConfig } from '../config.js';
import type { AgentPins } from '../core/agent-files.js';
import { isUnreachableFromGuests } from '../core/app-host.js';
import { UBUNTU_VERSIONS } from '../core/ubuntu.js';
import { FirstBoot, type FirstBootScript } from './first-boot.js';

export const MEDIA_CONFIG = Symbol('MEDIA_CONFIG');

/** What must hold before a byte of a medium is written. */
@Injectable()
export class Preconditions {
  constructor(
    @Inject(MEDIA_CONFIG) private readonly config: MediaConfig,
    @Inject(Database) private readonly database: Database,
    @Inject(FirstBoot) private readonly firstBoot: FirstBoot,
  ) {}

  /** @throws AppError with every fault of the scripts, or the first of what this app cannot do yet */
  async check(request: MediaRequest): Promise<{ pins: AgentPins; scripts: FirstBootScript[] }> {
    const { family, version } = request.os;
    if (family !== 'ubuntu') {
      throw new AppError(
        'media.family_unavailable',
        400,
        `os.family: media for ${family} are not available yet; there are ubuntu ${UBUNTU_VERSIONS.join(', ')}`,
      );
    }
    if (!(UBUNTU_VERSIONS as readonly string[]).includes(version)) {
      throw new AppError(
        'media.version_unavailable',
        400,
        `os.version: there are no media for ubuntu ${version}; there are ${UBUNTU_VERSIONS.join(', ')}`,
      );
    }
    if (request.delivery !== 'seed' && request.delivery !== 'direct-kernel') {
      throw new AppError(
        'media.delivery_unavailable',
        400,
        `delivery: ${request.delivery} is not available yet; use seed, whose plan says how to boot the installer`,
      );
    }
    if (request.disk.match && (request.source === 'cloud-image' || !('serial' in request.disk.match))) {
      throw new AppError(
        'media.disk_rule_unavailable',
        400,
        'disk.match: only { serial } with source installer is available yet',
      );
    }
    const { APP_HOST: host, ALLOW_LOOPBACK_APP_HOST: allowed } = this.config;
    if (isUnreachableFromGuests(host) && !allowed) {
      throw new AppError(
        'media.app_host_unreachable',
        400,
        `APP_HOST is ${host}, which no guest can reach: set APP_HOST to this machine's name or address in the guests' network`,
      );
    }
    const scripts = await this.firstBoot.check(request);
    return { pins: await this.pins(request), scripts };
  }

  /** The hashes that the seed carries, from the rows that the distribution app writes. */
  private async pins(request: MediaRequest): Promise<AgentPins> {
    const rows = await this.database.work().find(Artifact, { platform: 'linux', current: true });
    const binary = rows.find((row) => row.kind === 'binary' && row.arch === request.os.architecture);
    const script = rows.find((row) => row.kind === 'script');
    const missing = [
      binary ? null : `the agent's binary for linux/${request.os.architecture}`,
      script ? null : 'install-linux.sh',
    ].filter((part) => part !== null);
    if (!binary || !script) {
      throw new AppError(
        'media.artifact_missing',
        409,
        `the distribution app knows no ${missing.join(' and no ')}: run npm run build:agent, and see that the distribution app runs on the same INFINIBAY_BASE_DIR`,
      );
    }
    return { binarySha256: binary.sha256, scriptSha256: script.sha256, version: binary.version };
  }
}
