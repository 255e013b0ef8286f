import { createHash, createHmac, randomBytes } from 'node:crypto';
import { rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { Inject, Injectable } from '@nestjs/common';
import { readRelease, validateAnswerFile } from '#answers';
import { deriveVmSecret, type MediaPlan, type MediaRequest } from '#protocol';
import { AppError, LOGGER, type Logger } from '#runtime';
import { MediaError } from './codes.js';
import type { MediaConfig } from './config.js';
import type { AgentInstall } from './families/linux/agent-files.js';
import type { SeedFile } from './families/seed-file.js';
import { type LinuxFamily, seedLabel } from './families/boot.js';
import { cloudSeed } from './families/linux/cloud-config.js';
import { kickstartRelease } from './families/kickstart/releases.js';
import { kickstartSeed } from './families/kickstart/kickstart.js';
import type { PlanPaths } from './plan/paths.js';
import { mediaPlan } from './plan/plan.js';
import { installReporting } from './families/linux/reporting.js';
import { ubuntuSeed } from './families/ubuntu/ubuntu.js';
import type { VendorIso } from './vendor/vendor-iso.js';
import { windowsSeed } from './families/windows/seed.js';
import { makeChainIso } from './deliveries/chain.js';
import { copyKernelFiles } from './deliveries/direct-kernel.js';
import { remasterIso } from './deliveries/remaster.js';
import { writeSeedFolder } from './image/seed-folder.js';
import { makeSeedImage } from './image/iso.js';
import { makeBootableWindowsSeed, makeWindowsSeed } from './image/windows-seed.js';
import { describeFile, finishFile, type WrittenFile } from './image/written-file.js';
import { type Ingredients, MEDIA_CONFIG } from './preconditions.js';

export const SEED_NAME = 'seed.iso';
/** cloud-init looks for it, whatever the family. */
const CLOUD_LABEL = 'CIDATA';
const MIB = 1_048_576;
/** Kernel and initrd of the installers here have up to 120 MB. */
const KERNEL_BYTES = 256 * MIB;

export interface Built {
  files: WrittenFile[];
  /** What is inside the image, drivers apart: for comparing, not for downloading. */
  contents: WrittenFile[];
  plan: MediaPlan;
}

/** One medium to make; the same gives the same bytes when SOURCE_DATE_EPOCH is set. */
export interface Order {
  request: MediaRequest;
  ingredients: Omit<Ingredients, 'discard' | 'scripts'>;
  /** New for each medium: cloud-init and Windows setup tell media apart by it. */
  mediaId: string;
  /** An empty folder to build in. */
  folder: string;
  /** Where the folder will be. */
  published: string;
  /** Seconds since 1970 for all dates inside; the configured one, or now, when it is not given. */
  sourceDateEpoch?: number;
}

/** Writes the files of a medium and the plan that goes with them. */
@Injectable()
export class MediaBuilder {
  constructor(
    @Inject(MEDIA_CONFIG) private readonly config: MediaConfig,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {}

  /** Bytes that it takes while it is built, at the most. */
  async neededBytes(request: MediaRequest, { drivers }: Pick<Ingredients, 'drivers'>): Promise<number> {
    if (request.os.family === 'windows') return 16 * MIB + 3 * (drivers?.size ?? 0);
    switch (request.delivery) {
      case 'seed':
        return MIB;
      case 'chain':
        return 16 * MIB;
      case 'direct-kernel':
        return MIB + KERNEL_BYTES;
      case 'remaster':
        return 64 * MIB + (await stat(request.vendorIso ?? '/')).size;
      default:
        return request.delivery satisfies never;
    }
  }

  /** @throws AppError `media.image_failed` (500), `media.<tool>_missing` (503) and what the vendor's ISO lacks */
  async build(order: Order): Promise<Built> {
    const files = order.request.os.family === 'windows' ? this.windowsSeed(order) : this.linuxSeed(order);
    this.checkAnswers(order.request, files);
    const made = await (order.request.os.family === 'windows'
      ? this.windows(order, files)
      : this.linux(order, files));
    return { ...made, contents: files.map(described) };
  }

  private windowsSeed(order: Order): SeedFile[] {
    const { request, mediaId } = order;
    const { iso, passwords } = order.ingredients;
    return windowsSeed(request, this.install(order), {
      instanceId: mediaId,
      passwords,
      ...(iso?.editions?.[0]?.language ? { uiLanguage: iso.editions[0].language } : {}),
    });
  }

  private async windows(order: Order, files: SeedFile[]): Promise<Omit<Built, 'contents'>> {
    const { request, ingredients, mediaId, folder, published } = order;
    const { iso, drivers } = ingredients;
    const bootable = request.firmware === 'uefi' && request.os.architecture === 'x86_64';
    const name = bootable ? 'seed.img' : SEED_NAME;
    const contents = join(folder, 'contents');
    const image = {
      folder: contents,
      image: join(folder, name),
      files,
      copied: drivers
        ? [...drivers.winpe, ...drivers.system, ...(drivers.guestTools ? [drivers.guestTools] : [])]
        : [],
      instanceId: mediaId,
      sourceDateEpoch: this.sourceDateEpoch(order),
    };
    const made = await (bootable ? makeBootableWindowsSeed(image) : makeWindowsSeed(image));
    await rm(contents, { recursive: true });
    const seedForm = bootable ? 'fat' : 'iso';
    return { files: [made], plan: this.plan(request, join(published, name), { iso, seedForm }) };
  }

  private async linux(order: Order, files: SeedFile[]): Promise<Omit<Built, 'contents'>> {
    const { request, ingredients, folder, published } = order;
    const { iso } = ingredients;
    const family = request.os.family as LinuxFamily;
    const sourceDateEpoch = this.sourceDateEpoch(order);
    const contents = join(folder, 'cidata');
    if (request.source === 'installer' && request.delivery === 'chain') {
      const name = 'chain.iso';
      const made = await makeChainIso({
        folder: contents,
        image: join(folder, name),
        family,
        iso: given(iso),
        files,
        sourceDateEpoch,
      });
      return { files: [made], plan: this.plan(request, join(published, name), { iso }) };
    }
    if (request.source === 'installer' && request.delivery === 'remaster') {
      const name = 'install.iso';
      const made = await remasterIso({
        iso: { ...given(iso), family },
        folder: contents,
        image: join(folder, name),
        files,
        sourceDateEpoch,
      });
      return { files: [made], plan: this.plan(request, join(published, name), { iso }) };
    }
    const kernel =
      request.source === 'installer' && request.delivery === 'direct-kernel'
        ? await copyKernelFiles(given(iso).path, family, folder)
        : null;
    const kernelFiles = kernel && { kernel: join(published, 'kernel'), initrd: join(published, 'initrd') };
    const plan = this.plan(request, join(published, SEED_NAME), { iso, kernelFiles });
    const seed = await this.plainSeed(request, { files, contents, folder, sourceDateEpoch });
    const others = kernel
      ? await Promise.all([describeFile(kernel.kernel, 'kernel'), describeFile(kernel.initrd, 'initrd')])
      : [];
    return {
      files: [...seed.files, ...others],
      plan: seed.step ? { ...plan, steps: [seed.step, ...plan.steps] } : plan,
    };
  }

  private linuxSeed({ request, mediaId, ...order }: Order): SeedFile[] {
    const install = this.install({ request, mediaId, ...order });
    if (request.source === 'cloud-image') return cloudSeed(request, install, mediaId);
    return request.os.family === 'ubuntu'
      ? ubuntuSeed(request, install, mediaId)
      : kickstartSeed(request, install);
  }

  /** An image, or, where xorriso is missing, its files in a folder and the step that makes it. */
  private async plainSeed(
    request: MediaRequest,
    {
      files,
      contents,
      folder,
      sourceDateEpoch,
    }: { files: SeedFile[]; contents: string; folder: string; sourceDateEpoch: number },
  ): Promise<{ files: WrittenFile[]; step?: MediaPlan['steps'][number] }> {
    await writeSeedFolder(contents, files);
    try {
      const image = await makeSeedImage({
        folder: contents,
        image: join(folder, SEED_NAME),
        label: request.source === 'cloud-image' ? CLOUD_LABEL : seedLabel(request.os.family),
        names: files.map(({ name }) => name),
        sourceDateEpoch,
      });
      await rm(contents, { recursive: true });
      return { files: [image] };
    } catch (error) {
      if (!(error instanceof AppError) || error.code !== 'media.xorriso_missing') throw error;
      this.logger.warn(error.message);
      const step = {
        when: 'before the first start',
        do: `${error.message}; until then this medium is a folder of files, not an image`,
      };
      const inFolder = files.map(({ name }) => finishFile(join(contents, name), 'cidata'));
      return { files: await Promise.all(inFolder), step };
    }
  }

  /** What is about to be published is read as its installer will: a fault here is one of ours, and no machine shall find it. */
  private checkAnswers({ os }: MediaRequest, files: readonly SeedFile[]): void {
    const answers = files.filter(({ name }) => !name.includes('/'));
    const release = readRelease(kickstartRelease(os)?.syntax ?? '');
    const faults = answers.flatMap(({ name, content }) =>
      validateAnswerFile(name, content, { release }).faults.map(
        ({ path, message }) => `${name}: ${path}: ${message}`,
      ),
    );
    if (faults.length > 0)
      throw new MediaError(
        'media.answer_file_invalid',
        `the answer file that was made of this request would not be taken: ${faults.join('; ').slice(0, 2000)}`,
      );
  }

  private install({ request, ingredients }: Order): AgentInstall {
    const { INFINISERVICE_HMAC_MASTER_SECRET: master, APP_HOST: host, PORT: port } = this.config;
    const { vmId } = request;
    // One that knows the master secret can check it; the endpoint of this suite will.
    const token = master
      ? createHmac('sha256', master).update(`install-events:${vmId}`).digest('base64url')
      : randomBytes(32).toString('base64url');
    return {
      vmId,
      distributionUrl: `http://${host.includes(':') && !host.startsWith('[') ? `[${host}]` : host}:${port}`,
      pins: ingredients.pins,
      channelSecret: master ? deriveVmSecret(master, vmId) : null,
      reporting: installReporting(this.config.INSTALL_EVENTS_URL, token),
    };
  }

  private plan(
    request: MediaRequest,
    seed: string,
    more: Pick<PlanPaths, 'iso' | 'kernelFiles' | 'seedForm'>,
  ): MediaPlan {
    const { INFINIBAY_BASE_DIR: base, GATEWAY_SOCKET_MODE: socketMode } = this.config;
    return mediaPlan(request, {
      seed,
      socket: `${base}/sockets/${request.vmId}.socket`,
      socketMode,
      ...more,
    });
  }

  private sourceDateEpoch({ sourceDateEpoch }: Order): number {
    return sourceDateEpoch ?? this.config.SOURCE_DATE_EPOCH ?? Math.floor(Date.now() / 1000);
  }
}

/** `checkDelivery` has refused requests without it. */
function given(iso: VendorIso | null): VendorIso {
  if (!iso) throw new Error('a delivery that needs the vendor ISO came without one');
  return iso;
}

const described = ({ name, content }: SeedFile): WrittenFile => ({
  name,
  kind: 'contents',
  size: Buffer.byteLength(content),
  sha256: createHash('sha256').update(content).digest('hex'),
});
