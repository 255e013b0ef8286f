import { z } from 'zod';
import { EXECUTION_TYPES } from '../statuses.js';
import { attempt, byteCount, executionId, helloToken, session, sha256Hex } from './fields.js';

/**
 * Present in every payload to an agent of protocol 2: its session, the hello that was acked last, and a
 * number that begins at 1 under that hello and only rises. To an agent that names no hello the number rises
 * over the session's life.
 */
const sessionFields = {
  session: session.optional(),
  hello: helloToken.optional(),
  counter: z.number().int().min(1).optional(),
};
const time = z.iso.datetime({ offset: true });

export const HandshakeAck = z.strictObject({
  type: z.literal('handshake_ack'),
  session,
  /** The hello that is acked. */
  hello: helloToken.optional(),
  counter: z.number().int().min(1),
  protocol: z.number().int().min(2),
  heartbeat_seconds: z.number().int().min(1),
  credit_bytes: byteCount,
  output_limit_bytes: byteCount,
  host_time: time,
  /** Output bytes received already, per run. */
  offsets: z.array(
    z.strictObject({ execution_id: executionId, attempt, stdout: byteCount, stderr: byteCount }),
  ),
});

export const PendingScript = z.strictObject({
  execution_id: executionId,
  script_id: z.string(),
  script_name: z.string(),
  script_content: z.string(),
  shell: z.enum(['POWERSHELL', 'CMD', 'BASH', 'SH']),
  execution_type: z.enum(EXECUTION_TYPES),
  input_values: z.record(z.string(), z.union([z.string(), z.number(), z.boolean()])),
  timeout_seconds: z.number().int().min(1),
  run_as: z.string().nullable(),
  attempt: attempt.optional(),
  env: z.record(z.string(), z.string()).optional(),
  working_dir: z.string().nullable().optional(),
  /** By the host's clock, see `host_time`. */
  deliver_by: time.nullable().optional(),
  output_limit_bytes: byteCount.optional(),
  /** Of `script_content`. */
  sha256: sha256Hex.optional(),
});

export const PendingScriptsResponse = z.strictObject({
  type: z.literal('pending_scripts_response'),
  timestamp: time,
  scripts: z.array(PendingScript),
  ...sessionFields,
});

export const KeepAliveResponse = z.strictObject({
  type: z.literal('keep_alive_response'),
  sequence_number: z.number().int().min(0),
  timestamp: time,
  ...sessionFields,
});

export const Ack = z.strictObject({
  type: z.literal('ack'),
  execution_id: executionId,
  attempt,
  /** The script asked for a restart: restart now, the run goes on in the next boot. */
  reboot: z.boolean().optional(),
  ...sessionFields,
});

export const CancelScript = z.strictObject({
  type: z.literal('cancel_script'),
  execution_id: executionId,
  grace_seconds: z.number().int().min(0),
  ...sessionFields,
});

export const Credit = z.strictObject({ type: z.literal('credit'), limit: byteCount, ...sessionFields });

export const CollectMetrics = z.strictObject({ type: z.literal('Metrics'), ...sessionFields });

export const SafeCommand = z.strictObject({
  type: z.literal('SafeCommand'),
  id: z.string(),
  command_type: z.looseObject({ action: z.string() }),
  params: z.null(),
  timeout: z.number().int().min(1),
  ...sessionFields,
});

export const UnsafeCommand = z.strictObject({
  type: z.literal('UnsafeCommand'),
  id: z.string(),
  raw_command: z.string(),
  shell: z.string().optional(),
  timeout: z.number().int().min(1).optional(),
  working_dir: z.string().optional(),
  env_vars: z.record(z.string(), z.string()).optional(),
  run_as: z.string().optional(),
  ...sessionFields,
});

export const SignedEnvelope = z.strictObject({
  type: z.literal('signed'),
  v: z.literal(1),
  /** Milliseconds since the epoch, by the guest's clock. */
  ts: z.number().int(),
  nonce: z.string(),
  payload: z.string(),
  sig: sha256Hex,
});
export type SignedEnvelope = z.output<typeof SignedEnvelope>;

export const HostMessage = z.discriminatedUnion('type', [
  HandshakeAck,
  PendingScriptsResponse,
  KeepAliveResponse,
  Ack,
  CancelScript,
  Credit,
  CollectMetrics,
  SafeCommand,
  UnsafeCommand,
]);
export type HostMessage = z.output<typeof HostMessage>;
export type PendingScript = z.output<typeof PendingScript>;
