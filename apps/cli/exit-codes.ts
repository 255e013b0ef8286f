/** What the command's exit code says; `infinibay help` prints it. */
export const EXIT = {
  /** Done; nothing is wrong. */
  ok: 0,
  /** Something was refused: by the rules (`validate`) or by the console (HTTP 4xx). */
  refused: 1,
  /** The command line or a file that it names is wrong: nothing was asked of the console. */
  usage: 2,
  /** The console cannot be reached, or failed (HTTP 5xx). */
  unavailable: 3,
  /** There is no token, or the console does not take it (HTTP 401, 403). */
  access: 4,
} as const;
export type ExitCode = (typeof EXIT)[keyof typeof EXIT];

export const EXIT_CODES_HELP = `
Exit codes:
  0  done
  1  refused: every fault is listed
  2  the command line, or a file that it names, is wrong
  3  the console cannot be reached, or failed
  4  there is no token, or the console does not take it
`;

/** Ends the command with words for the person who typed it, and no stack. */
export class CommandError extends Error {
  constructor(
    readonly exitCode: ExitCode,
    message: string,
    options: { cause?: unknown } = {},
  ) {
    super(message, options);
    this.name = 'CommandError';
  }
}
