import { z } from 'zod';
import { dbInt, guestCount, guestNumber, guestOutput, guestText, guestWord } from '../storable.js';
import {
  attempt,
  byteCount,
  executionId,
  helloToken,
  i32,
  looseText,
  looseTime,
  provedMedium,
  runList,
  session,
  setupState,
  sha256Hex,
} from './fields.js';

/**
 * Messages from the guest. Fields that vary between agents are optional and tolerant; unknown fields are
 * dropped. The fields of protocol 2 stand beside those of the public agent.
 */
export const Handshake = z.object({
  type: z.literal('handshake'),
  timestamp: looseTime,
  vm_id: guestWord(128).nullish().catch(null),
  version: guestWord(64).default('unknown').catch('unknown'),
  platform: guestWord(32).default('unknown').catch('unknown'),
  capabilities: z.array(guestWord(64)).max(64).default([]).catch([]),
  protocol: dbInt(1, 1000).optional().catch(undefined),
  session: session.optional(),
  hello: helloToken
    .optional()
    .catch(undefined)
    .describe(
      'New whenever the agent begins to say hello, the same while it repeats it: the numbers of the host’s lines begin under it. An agent that says none is numbered over its session.',
    ),
  boot_id: guestWord(64).optional(),
  arch: guestWord(32).optional(),
  agent_sha256: sha256Hex.optional().catch(undefined),
  spool_id: guestWord(64).optional(),
  runs: runList.optional(),
  secret: z.enum(['ok', 'missing']).optional(),
  setup: setupState
    .optional()
    .catch(undefined)
    .describe(
      'Whether the installation of the system goes on; first-boot scripts wait for its end. Said again, in another hello of the same session, when it has ended. An agent that does not say it has finished.',
    ),
  medium: provedMedium
    .optional()
    .catch(undefined)
    .describe(
      'The install medium that put this agent here, with the proof that only it carries: first-boot scripts of a medium go to the installation that shows its proof. Not said by an agent that no such medium has installed.',
    ),
});

export const RequestPendingScripts = z.object({
  type: z.literal('request_pending_scripts'),
  vm_id: guestWord(128).nullish().catch(null),
  timestamp: looseTime,
  request_timestamp: looseTime,
});

export const KeepAlive = z.object({
  type: z.literal('keep_alive'),
  sequence_number: guestCount(0, 4_294_967_295).default(0).catch(0),
  /** Seconds since the epoch, as a number; other forms are let through and not used. */
  timestamp: z.unknown().optional(),
  runs: runList.optional(),
});

export const ScriptStarted = z.object({
  type: z.literal('script_started'),
  execution_id: executionId,
  attempt,
  pid: guestCount(0, 4_294_967_295).optional(),
  started_at: looseTime,
  boot_id: guestWord(64).optional(),
});

export const ScriptOutput = z.object({
  type: z.literal('script_output'),
  execution_id: executionId,
  attempt,
  stream: z.enum(['stdout', 'stderr']),
  /** Position of the first byte in the stream. */
  offset: byteCount,
  data: guestOutput(1_500_000),
  encoding: z.enum(['utf8', 'base64']).default('utf8'),
});

export const ScriptCompletion = z.object({
  type: z.literal('script_completion'),
  timestamp: looseTime,
  execution_id: executionId,
  exit_code: i32,
  stdout: guestOutput().nullish().catch(null),
  stderr: guestOutput().nullish().catch(null),
  log_file: looseText(1024),
  attempt: attempt.optional(),
  boot_id: guestWord(64).optional(),
  status: z.enum(['success', 'failed', 'timeout', 'cancelled', 'interrupted']).optional(),
  signal: dbInt(0, 128).nullish().catch(null),
  started_at: looseTime,
  duration_ms: byteCount.optional().catch(undefined),
  stdout_bytes: byteCount.optional().catch(undefined),
  stderr_bytes: byteCount.optional().catch(undefined),
  stdout_sha256: sha256Hex.optional().catch(undefined),
  stderr_sha256: sha256Hex.optional().catch(undefined),
  truncated: z.boolean().optional().catch(undefined),
  /** Processes of the script that outlived the kill. */
  survivors: dbInt(0, 1_000_000).optional().catch(undefined),
});

export const AgentEvent = z.object({
  type: z.literal('agent_event'),
  severity: z.enum(['debug', 'info', 'warn', 'error']).default('info').catch('info'),
  source: guestWord(128).default('agent').catch('agent'),
  message: guestText(8192).default('').catch(''),
  executionId: guestWord(128).nullish().catch(null),
  context: z.unknown().optional(),
  timestamp: looseTime,
});

const number = guestNumber();
const loosePart = z.record(guestWord(128), z.unknown());
const systemMetrics = z.object({
  cpu: z.object({
    usage_percent: number,
    cores_usage: z.array(number).max(1024).optional(),
    temperature: number.nullish(),
  }),
  memory: z.object({
    total_kb: number,
    used_kb: number,
    available_kb: number,
    swap_total_kb: number.nullish(),
    swap_used_kb: number.nullish(),
  }),
  disk: loosePart.optional(),
  network: loosePart.optional(),
  system: loosePart.optional(),
  uptime_seconds: number.nullish(),
  load_average: z.unknown().optional(),
});

export const Metrics = z.object({
  type: z.literal('metrics'),
  timestamp: looseTime,
  data: z.looseObject({ system: systemMetrics }),
});

export const CommandResponse = z.object({
  type: z.literal('response'),
  id: guestWord(128),
  success: z.boolean(),
  exit_code: i32.nullish().catch(null),
  stdout: guestOutput().nullish().catch(null),
  stderr: guestOutput().nullish().catch(null),
  execution_time_ms: number.nullish().catch(null),
  command_type: guestWord(64).nullish().catch(null),
  data: z.unknown().optional(),
});

/** Said by the public agent, recorded as agent events. */
const reported = <T extends string>(type: T) => z.looseObject({ type: z.literal(type) });
export const ErrorMessage = reported('error');
export const ErrorReport = reported('error_report');
export const CircuitBreakerState = reported('circuit_breaker_state');
export const ConnectionStatus = reported('connection_status');
export const Ping = reported('ping');

export const GuestMessage = z.discriminatedUnion('type', [
  Handshake,
  RequestPendingScripts,
  KeepAlive,
  ScriptStarted,
  ScriptOutput,
  ScriptCompletion,
  AgentEvent,
  Metrics,
  CommandResponse,
  ErrorMessage,
  ErrorReport,
  CircuitBreakerState,
  ConnectionStatus,
  Ping,
]);

export type GuestMessage = z.output<typeof GuestMessage>;
export type Handshake = z.output<typeof Handshake>;
export type ScriptCompletion = z.output<typeof ScriptCompletion>;
export type ScriptOutput = z.output<typeof ScriptOutput>;
export type ScriptStarted = z.output<typeof ScriptStarted>;
export type CommandResponse = z.output<typeof CommandResponse>;
