/** Limits of the channel, in bytes unless said otherwise. Both sides keep them. */
export const CHANNEL_LIMITS = {
  /** A line to the guest, with its newline and its envelope. */
  lineToGuest: 1_048_576,
  /** A line from the guest. */
  lineFromGuest: 4_194_304,
  /** The Windows build of the public agent reads a line in one piece of 4,096 bytes. */
  lineToPublicWindowsAgent: 4_095,
  /** And takes two lines that come together for one: they are this many milliseconds apart. */
  gapToPublicWindowsAgentMs: 500,
  /** Nesting of a message from a guest. */
  depth: 24,
  /** Entries of one array or object from a guest. */
  entries: 4_096,
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

/** Version of our additions; the lower of both sides' numbers counts. */
export const PROTOCOL_VERSION = 2;
