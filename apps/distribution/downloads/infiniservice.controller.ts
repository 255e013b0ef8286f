import { Controller, Get, Header, Inject, Param, Query, Req, Res } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { DistributionError } from '../codes.js';
import { findEntry } from '../artifacts/catalog.js';
import { ArtifactStore } from '../artifacts/artifact-store.js';
import { DownloadService } from './download.service.js';
import { MetadataService } from './metadata.service.js';

/** The guests' routes. Their paths never change: installed media name them. */
@Controller('infiniservice')
export class InfiniserviceController {
  constructor(
    @Inject(ArtifactStore) private readonly artifacts: ArtifactStore,
    @Inject(DownloadService) private readonly downloads: DownloadService,
    @Inject(MetadataService) private readonly metadataService: MetadataService,
  ) {}

  @Get('metadata')
  @Header('Cache-Control', 'no-cache')
  metadata(): Promise<unknown> {
    return this.metadataService.describe();
  }

  @Get('sha256/:hash')
  async byHash(
    @Param('hash') hash: string,
    @Req() request: FastifyRequest,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    if (!/^[0-9a-f]{64}$/.test(hash))
      throw new DistributionError('artifact.bad_hash', 'the hash must be 64 lower-case hexadecimal digits');
    await this.downloads.answer(await this.artifacts.byHash(hash), request, reply, { immutable: true });
  }

  @Get('v/:version/:platform/:arch/:file')
  async byVersion(
    @Param() params: Record<'version' | 'platform' | 'arch' | 'file', string>,
    @Req() request: FastifyRequest,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    const { version, platform, arch, file } = params;
    const candidates = [findEntry(platform, 'binary', arch), findEntry(platform, 'script', arch)];
    const entry = candidates.find((candidate) => candidate.file === file);
    const artifact = entry ? await this.artifacts.find(entry) : null;
    if (artifact?.version !== version) {
      throw new DistributionError(
        'artifact.not_found',
        `there is no ${platform}/${arch}/${file.slice(0, 80)} of version ${version.slice(0, 64)}: GET /infiniservice/metadata lists what is here`,
      );
    }
    await this.downloads.answer(artifact, request, reply, { immutable: true });
  }

  @Get(':platform/binary')
  async binary(
    @Param('platform') platform: string,
    @Query('arch') arch: string | undefined,
    @Req() request: FastifyRequest,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    await this.downloads.answer(
      await this.artifacts.find(findEntry(platform, 'binary', arch)),
      request,
      reply,
      { immutable: false },
    );
  }

  @Get(':platform/script')
  async script(
    @Param('platform') platform: string,
    @Req() request: FastifyRequest,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    await this.downloads.answer(await this.artifacts.find(findEntry(platform, 'script')), request, reply, {
      immutable: false,
    });
  }
}
