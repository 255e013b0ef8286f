import { randomUUID } from 'node:crypto';
import { Inject, Injectable } from '@nestjs/common';
import { Artifact, Database, databaseNow } from '#db';
import type { StoredArtifact } from './stored-artifact.js';

/** The Artifact rows: the media generator takes the hashes that it pins from here. */
@Injectable()
export class ArtifactRecords {
  constructor(@Inject(Database) private readonly database: Database) {}

  find(sha256: string): Promise<Artifact | null> {
    return this.database.work().findOne(Artifact, { sha256 });
  }

  /** Makes this content the current one of its platform, architecture and kind. */
  async remember({ entry, sha256, size, version }: StoredArtifact): Promise<void> {
    const { platform, arch, kind, file } = entry;
    await this.database.transaction(async (work) => {
      const now = await databaseNow(work);
      await work.nativeUpdate(
        Artifact,
        { platform, arch, kind, current: true, sha256: { $ne: sha256 } },
        { current: false, updatedAt: now },
      );
      await work.upsert(
        Artifact,
        {
          id: randomUUID(),
          platform,
          arch,
          kind,
          file,
          version,
          size,
          sha256,
          signature: null,
          current: true,
          createdAt: now,
          updatedAt: now,
        },
        {
          onConflictFields: ['platform', 'arch', 'kind', 'sha256'],
          onConflictAction: 'merge',
          onConflictMergeFields: ['current', 'version', 'updatedAt'],
        },
      );
    });
  }
}
