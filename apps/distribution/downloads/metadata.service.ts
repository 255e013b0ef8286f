import { Inject, Injectable } from '@nestjs/common';
import { ArtifactStore } from '../artifacts/artifact-store.js';

interface Metadata {
  version: string;
  platforms: string[];
  updated: string | null;
  artifacts: {
    platform: string;
    arch: string;
    kind: string;
    file: string;
    version: string;
    size: number;
    sha256: string;
    signature: string | null;
  }[];
}

/**
 * What `/infiniservice/metadata` says: made from what lies on disk; a hand-written metadata.json wins for
 * `version` and `platforms`.
 */
@Injectable()
export class MetadataService {
  constructor(@Inject(ArtifactStore) private readonly artifacts: ArtifactStore) {}

  async describe(): Promise<Metadata> {
    const found = await this.artifacts.list();
    const declared = await this.artifacts.metadataFile();
    const binaries = found.filter(({ entry }) => entry.kind === 'binary');
    const newest = found.reduce<Date | null>(
      (latest, { modifiedAt }) => (latest && latest > modifiedAt ? latest : modifiedAt),
      null,
    );
    const platforms = declared?.['platforms'];
    return {
      version:
        typeof declared?.['version'] === 'string' ? declared['version'] : (binaries[0]?.version ?? '0.0.0'),
      platforms: Array.isArray(platforms)
        ? platforms.map(String)
        : [...new Set(binaries.map(({ entry }) => entry.platform))],
      updated: newest?.toISOString() ?? null,
      artifacts: found.map(({ entry, version, size, sha256 }) => ({
        platform: entry.platform,
        arch: entry.arch,
        kind: entry.kind,
        file: entry.file,
        version,
        size,
        sha256,
        signature: null,
      })),
    };
  }
}
