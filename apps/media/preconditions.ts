import { mkdir, mkdtemp, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { Inject, Injectable } from '@nestjs/common';
import { Artifact, Database } from '#db';
import type { Fault, MediaRequest } from '#protocol';
import { AppError, invalidRequest } from '#runtime';
import { openPasswords } from '#secrets';
import { MediaError } from './codes.js';
import type { MediaConfig } from './config.js';
import type { AgentPins } from './families/linux/agent-files.js';
import { isUnreachableFromGuests } from './app-host.js';
import { requestFaults } from './request-faults.js';
import type { VendorIso } from './vendor/vendor-iso.js';
import { FAMILIES } from './families/family.js';
import { checkSpace } from './store/media-space.js';
import { identifyVendorIso } from './vendor/identify.js';
import { resolveDrivers, type ResolvedDrivers } from './vendor/drivers.js';
import { FirstBoot, type FirstBootScript } from './first-boot.js';

export const MEDIA_CONFIG = Symbol('MEDIA_CONFIG');

/** What a medium is made of, all of it checked. */
export interface Ingredients {
  pins: AgentPins;
  scripts: FirstBootScript[];
  /** What the vendor's ISO is; null when none was given. */
  iso: VendorIso | null;
  /** Windows: null without virtioDrivers. */
  drivers: ResolvedDrivers | null;
  /** Windows: by user name. */
  passwords: ReadonlyMap<string, string>;
  /** Removes what was unpacked. */
  discard(): Promise<void>;
}

/** What must hold before a byte of a medium is written. */
@Injectable()
export class Preconditions {
  constructor(
    @Inject(MEDIA_CONFIG) private readonly config: MediaConfig,
    @Inject(Database) private readonly database: Database,
    @Inject(FirstBoot) private readonly firstBoot: FirstBoot,
  ) {}

  /**
   * @throws AppError `request.invalid` (400) with every fault of the request, its ISO, its drivers and its
   * scripts; `media.app_host_unreachable` (400)
   *   and `media.artifact_missing` (409) for what is wrong on this side
   */
  async check(request: MediaRequest): Promise<Ingredients> {
    this.checkAppHost();
    const issues: Fault[] = [];
    const collect = async <T>(path: string, run: () => T | Promise<T>): Promise<T | null> => {
      try {
        return await run();
      } catch (error) {
        if (!(error instanceof AppError) || error.status >= 500) throw error;
        issues.push(...(error.issues ?? [ownFault(path, error)]));
        return null;
      }
    };
    const { vendorIso, virtioDrivers } = request;
    const iso = vendorIso ? await collect('vendorIso', () => identifyVendorIso(vendorIso)) : null;
    issues.push(...requestFaults(request, iso));
    const passwords = await collect('users', () => openPasswords(request, this.config));
    const family = FAMILIES[request.os.family];
    if (passwords) issues.push(...family.passwordFaults(request, passwords));
    const scripts = await collect('firstBootScripts', () => this.firstBoot.check(request));
    const scratch = virtioDrivers === undefined ? null : await this.scratch();
    const discard = async (): Promise<void> => {
      if (scratch) await rm(scratch, { recursive: true, force: true });
    };
    try {
      const wanted = family.drivers(request);
      const drivers =
        virtioDrivers !== undefined && scratch !== null && wanted !== null
          ? await collect('virtioDrivers', async () => {
              await this.checkRoom(virtioDrivers);
              return resolveDrivers(virtioDrivers, wanted, scratch);
            })
          : null;
      if (issues.length > 0 || !scripts || !passwords) throw invalidRequest(issues);
      return { pins: await this.pins(request), scripts, iso, drivers, passwords, discard };
    } catch (error) {
      await discard();
      throw error;
    }
  }

  /** Of all media. */
  private get folder(): string {
    return join(this.config.INFINIBAY_BASE_DIR, 'media');
  }

  private checkAppHost(): void {
    const { APP_HOST: host, ALLOW_LOOPBACK_APP_HOST: allowed } = this.config;
    if (!isUnreachableFromGuests(host) || allowed) return;
    throw new MediaError(
      'media.app_host_unreachable',
      `APP_HOST is ${host}, which no guest can reach: set APP_HOST to this machine's name or address in the guests' network`,
    );
  }

  /**
   * For what is unpacked before it can be checked. Named as a medium that is being built, so that a sweep
   * finds what a crash has left.
   */
  private async scratch(): Promise<string> {
    await mkdir(this.folder, { recursive: true, mode: 0o750 });
    return mkdtemp(join(this.folder, '.building-drivers-'));
  }

  /**
   * What is unpacked of an ISO has its size at the most. @throws AppError `media.quota_exceeded` or
   * `media.disk_full` (507)
   */
  private async checkRoom(source: string): Promise<void> {
    const info = await stat(source).catch(() => null);
    if (!info?.isFile()) return;
    await checkSpace(this.folder, info.size, this.config.MEDIA_QUOTA_MIB * 1_048_576);
  }

  /** The hashes and sizes that the seed carries, from the rows that the distribution app writes. */
  private async pins({ os }: MediaRequest): Promise<AgentPins> {
    const { platform } = FAMILIES[os.family];
    const rows = await this.database.work().find(Artifact, { platform, current: true });
    const binary = rows.find((row) => row.kind === 'binary' && row.arch === os.architecture);
    const script = rows.find((row) => row.kind === 'script');
    const missing = [
      binary ? null : `the agent's binary for ${platform}/${os.architecture}`,
      script ? null : platform === 'windows' ? 'install-windows.ps1' : 'install-linux.sh',
    ].filter((part) => part !== null);
    if (!binary || !script) {
      const how =
        platform === 'linux'
          ? 'run npm run build:agent'
          : `put it under $INFINIBAY_BASE_DIR/infiniservice (binaries/windows, install)`;
      throw new MediaError(
        'media.artifact_missing',
        `the distribution app knows no ${missing.join(' and no ')}: ${how}, and see that the distribution app runs on the same INFINIBAY_BASE_DIR`,
      );
    }
    return {
      binarySha256: binary.sha256,
      binaryBytes: binary.size,
      scriptSha256: script.sha256,
      scriptBytes: script.size,
      version: binary.version,
    };
  }
}

/**
 * An error about one field as its fault: the message has path and remedy in it for those who see nothing
 * else.
 */
function ownFault(path: string, { message, remedy }: AppError): Fault {
  const tail = `: ${remedy}`;
  const text = message.startsWith(`${path}: `) ? message.slice(path.length + 2) : message;
  return { path, message: text.endsWith(tail) ? text.slice(0, -tail.length) : text, remedy };
}
