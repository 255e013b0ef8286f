/** Limits of the channel, in bytes unless said otherwise. Both sides keep them. */
export const CHANNEL_LIMITS = {
  /** A line to the guest, with its newline and its envelope. */
  lineToGuest: 1_048_576,
  /** A line from the guest: a result, or a piece of output. Other messages have less, see `LINE_LIMITS`. */
  lineFromGuest: 4_194_304,
  /** The Windows build of the public agent reads a line in one piece of 4,096 bytes. */
  lineToPublicWindowsAgent: 4_095,
  /** And takes two lines that come together for one: they are this many milliseconds apart. */
  gapToPublicWindowsAgentMs: 500,
  /** Nesting of a message from a guest. */
  depth: 24,
  /**
   * A script's text after its inputs were put in, so that its signed line fits: JSON escapes may double each
   * line break and quote twice.
   */
  scriptContent: 262_144,
  /** Kept of each end of a stream. */
  outputHead: 65_536,
  outputTail: 65_536,
  /** Bytes of `script_output` that an agent may send ahead. */
  outputCredit: 262_144,
} as const;

/** Of a message from the guest, before it is parsed: bytes of its line, and values in it (nodes). */
interface LineLimit {
  readonly bytes: number;
  readonly nodes: number;
}

const NODES = 20_000;
/** Of a line whose type is not among those below, or does not stand in its first 4 KiB. */
export const OTHER_LINES: LineLimit = { bytes: 65_536, nodes: NODES };
/**
 * The public agent's metrics list all processes, ports and services, and one answer thousands of packages; a
 * hello lists the spool.
 */
export const LINE_LIMITS: ReadonlyMap<string, LineLimit> = new Map([
  ['script_completion', { bytes: CHANNEL_LIMITS.lineFromGuest, nodes: NODES }],
  ['script_output', { bytes: CHANNEL_LIMITS.lineFromGuest, nodes: NODES }],
  ['response', { bytes: 1_048_576, nodes: 50_000 }],
  ['metrics', { bytes: 1_048_576, nodes: NODES }],
  ['handshake', { bytes: 1_048_576, nodes: NODES }],
  ['keep_alive', { bytes: 1_048_576, nodes: NODES }],
]);

/** Version of our additions; the lower of both sides' numbers counts. */
export const PROTOCOL_VERSION = 2;
