import { Injectable } from '@nestjs/common';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';

/** The application in which a provider runs: Nest hands it to whoever creates it, and to nobody inside. */
@Injectable()
export class ThisApp {
  /** Set before the port opens. */
  app!: NestFastifyApplication;
  private readonly steps: (() => Promise<void>)[] = [];

  /**
   * What an app begins once its port is its own, to be named while the application is made. A second process
   * of the same configuration, started by mistake, ends at the taken port and has touched nothing by then.
   */
  afterListening(step: () => Promise<void>): void {
    this.steps.push(step);
  }

  /** The port is ours: the steps run, in the order in which they were named. */
  async listens(): Promise<void> {
    for (const step of this.steps) await step();
  }
}
