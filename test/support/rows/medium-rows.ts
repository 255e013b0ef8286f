import { createHash, randomBytes, randomUUID } from 'node:crypto';
import { type Database, Media } from '#db';

/** A medium as its machine knows it: what is on it, and what a guest that was installed from it shows. */
export interface MediumRow {
  id: string;
  /** What only the medium carries; the database has its hash. */
  proof: string;
  /** Hashes of what it pins. */
  binary: string;
  script: string;
}

const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');

/** A ready medium of a machine, without files. */
export async function medium(
  database: Database,
  machineId: string,
  differences: Partial<Media> = {},
): Promise<MediumRow> {
  const [id, proof] = [randomUUID(), randomBytes(32).toString('hex')];
  const [binary, script] = [sha256(`binary of ${id}`), sha256(`script of ${id}`)];
  const work = database.work();
  const now = new Date();
  work.persist(
    work.create(
      Media,
      {
        ...{ id, machineId, requestId: id, state: 'ready', family: 'ubuntu', version: '24.04' },
        source: 'installer',
        pins: [
          { kind: 'binary', sha256: binary, version: '1' },
          { kind: 'script', sha256: script, version: '1' },
        ],
        proofSha256: sha256(proof),
        createdAt: now,
        expiresAt: new Date(now.getTime() + 86_400_000),
        ...differences,
      },
      { partial: true },
    ),
  );
  await work.flush();
  return { id, proof, binary, script };
}
