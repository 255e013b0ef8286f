import { createHash, createHmac, randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { Inject, Injectable } from '@nestjs/common';
import { readRelease, validateAnswerFile } from '#answers';
import { deriveVmSecret, findRelease, type MediaPlan, type MediaRequest } from '#protocol';
import { hostInUrl, LOGGER, type Logger } from '#runtime';
import { MediaError } from './codes.js';
import type { MediaConfig } from './config.js';
import { DELIVERIES } from './deliveries/deliveries.js';
import type { Made } from './deliveries/delivery.js';
import { FAMILIES, seedLabel } from './families/family.js';
import type { AgentInstall } from './families/linux/agent-files.js';
import { installReporting } from './families/linux/reporting.js';
import type { SeedFile } from './families/seed-file.js';
import type { WrittenFile } from './image/written-file.js';
import { mediaPlan } from './plan/plan.js';
import { type Ingredients, MEDIA_CONFIG } from './preconditions.js';

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
  /** What only this medium carries: 64 hexadecimal digits. */
  proof: string;
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
    return DELIVERIES[request.delivery].neededBytes(request, drivers?.size ?? 0);
  }

  /**
   * @throws AppError `media.image_failed` (500), `media.<tool>_missing` (503) and what the vendor's ISO lacks
   */
  async build(order: Order): Promise<Built> {
    const { request, ingredients, mediaId, folder } = order;
    const { iso, drivers, passwords } = ingredients;
    const family = FAMILIES[request.os.family];
    const uiLanguage = iso?.editions?.[0]?.language;
    const files = family.seed(request, this.install(order), {
      mediaId,
      passwords,
      ...(uiLanguage ? { uiLanguage } : {}),
      isBootIso: iso?.variant === 'netinst',
    });
    this.checkAnswers(request, files);
    const made = await DELIVERIES[request.delivery].make({
      ...{ request, iso, drivers, files, mediaId, folder },
      label: seedLabel(request),
      loader: family.loader(request, mediaId),
      sourceDateEpoch:
        order.sourceDateEpoch ?? this.config.SOURCE_DATE_EPOCH ?? Math.floor(Date.now() / 1000),
      logger: this.logger,
    });
    const plan = this.plan(order, made);
    return {
      files: made.files,
      contents: files.map(described),
      plan: made.step ? { ...plan, steps: afterTheFirst(plan.steps, made.step) } : plan,
    };
  }

  /**
   * What is about to be published is read as its installer will: a fault here is one of ours, and no machine
   * shall find it.
   */
  private checkAnswers({ os }: MediaRequest, files: readonly SeedFile[]): void {
    const answers = files.filter(({ name }) => !name.includes('/'));
    const release = readRelease(findRelease(os)?.kickstart?.syntax ?? '');
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

  private install({ request, ingredients, mediaId, proof }: Order): AgentInstall {
    const { INFINISERVICE_HMAC_MASTER_SECRET: master, APP_HOST: host, PORT: port } = this.config;
    const { vmId } = request;
    // One that knows the master secret can check it; the endpoint of this suite will.
    const token = master
      ? createHmac('sha256', master).update(`install-events:${vmId}`).digest('base64url')
      : randomBytes(32).toString('base64url');
    return {
      vmId,
      mediumId: mediaId,
      mediumProof: proof,
      source: request.source,
      rhsm: request.rhsm ?? null,
      distributionUrl: `http://${hostInUrl(host)}:${port}`,
      pins: ingredients.pins,
      channelSecret: master ? deriveVmSecret(master, vmId) : null,
      reporting: installReporting(this.config.INSTALL_EVENTS_URL, token),
    };
  }

  private plan({ request, ingredients, published }: Order, made: Made): MediaPlan {
    const { INFINIBAY_BASE_DIR: base, GATEWAY_SOCKET_MODE: socketMode } = this.config;
    const kernel = made.kernelFiles;
    return mediaPlan(request, {
      seed: join(published, made.image),
      socket: `${base}/sockets/${request.vmId}.socket`,
      socketMode,
      iso: ingredients.iso,
      kernelFiles: kernel
        ? { kernel: join(published, kernel.kernel), initrd: join(published, kernel.initrd) }
        : null,
      ...(made.seedForm ? { seedForm: made.seedForm } : {}),
    });
  }
}

const described = ({ name, content }: SeedFile): WrittenFile => ({
  name,
  kind: 'contents',
  size: Buffer.byteLength(content),
  sha256: createHash('sha256').update(content).digest('hex'),
});

/** Whatever a delivery asks for comes after the machine was stopped. */
const afterTheFirst = <T>([first, ...rest]: readonly T[], step: T): T[] =>
  first === undefined ? [step] : [first, step, ...rest];
