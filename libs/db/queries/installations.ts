import { type MachineIdentity, type SetupState, storable } from '#protocol';
import type { Work } from '../database.js';
import { Media } from '../entities/media.js';
import { dialectOf } from '../sql.js';

/** From the public Windows agent's handshake to its first-boot scripts: nobody tells of Setup's end. */
const PUBLIC_WINDOWS_WAITS_SECONDS = 3600;

/** What is known of the system that speaks on a machine's channel; as the machine's row has it. */
export interface Installation {
  setup: SetupState | null;
  /** Null: none that is known. */
  provedMedium: string | null;
  /** First-boot scripts wait until then; null: they do not. */
  firstBootFrom: Date | null;
}

interface InstallationRow {
  setup: SetupState | null;
  proved_medium: string | null;
  first_boot_from: Date | number | string | null;
}

const RETURNING = 'returning setup, proved_medium, first_boot_from';
/** What a gateway heard that has lost its lease is older than what the next one hears. */
const heldBy = (now: string): string => `id = ? and lease_owner = ? and lease_expires_at > ${now}`;

const installationOf = (row: InstallationRow | undefined): Installation | null =>
  row
    ? {
        setup: row.setup,
        provedMedium: row.proved_medium,
        firstBootFrom: row.first_boot_from === null ? null : new Date(row.first_boot_from),
      }
    : null;

/**
 * Writes down what our agent says of its installation: whether it goes on, and the medium that it comes from
 * where its proof is that medium's. For `owner` alone, and only while it holds the machine's lease.
 * @param said.medium its id and the SHA-256 of the proof that was shown
 * @returns what stands there now; null when nothing was written
 */
export async function recordInstallation(
  work: Work,
  said: {
    machineId: string;
    owner: string;
    setup: SetupState | null;
    medium: { id: string; proofSha256: string } | null;
  },
): Promise<Installation | null> {
  const { now } = dialectOf(work);
  const { machineId, owner, setup, medium } = said;
  const proved = medium
    ? '(select media.id from media where media.id = ? and media.machine_id = machine.id and media.proof_sha256 = ?)'
    : 'null';
  const [row] = await work.execute<InstallationRow[]>(
    `update machine set identity = 'own', setup = ?, proved_medium = ${proved}, first_boot_from = null, updated_at = ${now}
     where ${heldBy(now)} ${RETURNING}`,
    [setup, ...(medium ? [medium.id, medium.proofSha256] : []), machineId, owner],
  );
  return installationOf(row);
}

/**
 * The same for an agent that proves nothing, at its handshake: the system comes from the medium whose two
 * files were fetched last, each with its proof. On Windows its first-boot scripts wait for an hour from the
 * first such handshake.
 */
export async function recordPublicInstallation(
  work: Work,
  said: { machineId: string; owner: string; isWindows: boolean },
): Promise<Installation | null> {
  const { now, nowPlusSeconds } = dialectOf(work);
  const { machineId, owner, isWindows } = said;
  const fetched = `(select media.id from media where media.machine_id = machine.id
    and media.binary_fetched_at is not null and media.script_fetched_at is not null
    order by case when media.binary_fetched_at > media.script_fetched_at then media.binary_fetched_at
      else media.script_fetched_at end desc, media.created_at desc limit 1)`;
  const from = isWindows
    ? `case when ${fetched} = proved_medium then first_boot_from else ${nowPlusSeconds} end`
    : 'null';
  const [row] = await work.execute<InstallationRow[]>(
    `update machine set identity = null, setup = null, proved_medium = ${fetched}, first_boot_from = ${from}, updated_at = ${now}
     where ${heldBy(now)} ${RETURNING}`,
    [...(isWindows ? [PUBLIC_WINDOWS_WAITS_SECONDS] : []), machineId, owner],
  );
  return installationOf(row);
}

/**
 * Writes down that the agent on a machine's channel says another machine's id. Of what it says of itself
 * only its version is kept: runs, spool and boot are the other machine's.
 * @returns false when nothing was written: `owner` does not hold the lease
 */
export async function recordOtherIdentity(
  work: Work,
  said: { machineId: string; owner: string; protocol: number; agentVersion: string },
): Promise<boolean> {
  const { now } = dialectOf(work);
  const identity: MachineIdentity = "another machine's";
  const rows = await work.execute<{ id: string }[]>(
    `update machine set identity = ?, protocol = ?, agent_version = ?, last_seen_at = ${now}, updated_at = ${now}
     where ${heldBy(now)} returning id`,
    [identity, said.protocol, storable(said.agentVersion), said.machineId, said.owner],
  );
  return rows.length > 0;
}

/** The medium that carries a proof, by the proof's SHA-256; null when there is none. */
export function findMediumByProof(
  work: Work,
  proofSha256: string,
): Promise<Pick<Media, 'id' | 'machineId' | 'pins'> | null> {
  return work.findOne(Media, { proofSha256 }, { fields: ['id', 'machineId', 'pins'] });
}

/**
 * Writes down that a file was fetched whole by a medium's proof. What that does not pin tells nothing.
 */
export async function recordPinFetched(
  work: Work,
  { id, pins }: Pick<Media, 'id' | 'pins'>,
  sha256: string,
): Promise<void> {
  const { now } = dialectOf(work);
  for (const [kind, column] of [
    ['binary', 'binary_fetched_at'],
    ['script', 'script_fetched_at'],
  ] as const)
    if (pins.some((pin) => pin.kind === kind && pin.sha256 === sha256))
      await work.execute(`update media set ${column} = ${now} where id = ?`, [id]);
}
