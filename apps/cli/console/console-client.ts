import { z } from 'zod';
import { MediaResult } from '#protocol';
import { CommandError, EXIT } from '../exit-codes.js';

/** The console waits this long for the media app itself; a remaster takes longer than a seed. */
const DEADLINE_MS = 120_000;

/** The one shape in which the console tells errors. */
const ErrorBody = z.object({
  code: z.string(),
  message: z.string(),
  remedy: z.string().optional(),
  correlationId: z.string().optional(),
  issues: z
    .array(z.object({ path: z.string(), message: z.string(), remedy: z.string().optional() }))
    .optional(),
});
export type ErrorBody = z.output<typeof ErrorBody>;

/** The console said no, in its own words. */
export class ConsoleRefusal extends Error {
  constructor(
    readonly status: number,
    readonly body: ErrorBody,
  ) {
    super(body.message);
    this.name = 'ConsoleRefusal';
  }
}

/** The console's API as an operator's program uses it. */
export class ConsoleClient {
  constructor(
    private readonly url: string,
    private readonly token: string,
  ) {}

  /**
   * Makes a medium, or with `dryRun` says what would be made.
   * @throws ConsoleRefusal for what the console answers with an error
   * @throws CommandError when it cannot be reached or answers something else
   */
  async createMedia(request: unknown, dryRun: boolean): Promise<MediaResult> {
    const answer = await this.post(`/api/media${dryRun ? '?dryRun=true' : ''}`, request);
    const result = MediaResult.safeParse(answer);
    if (!result.success) throw this.noConsole('its answer is no media result');
    // As it came, with whatever a newer console adds.
    return answer as MediaResult;
  }

  private async post(path: string, body: unknown): Promise<unknown> {
    let response: Response;
    let text: string;
    try {
      response = await fetch(`${this.url}${path}`, {
        method: 'POST',
        headers: { authorization: `Bearer ${this.token}`, 'content-type': 'application/json' },
        body: JSON.stringify(body),
        // The token is for this address and for no other.
        redirect: 'manual',
        signal: AbortSignal.timeout(DEADLINE_MS),
      });
      text = await response.text();
    } catch (error) {
      throw new CommandError(
        EXIT.unavailable,
        `the console does not answer at ${this.url} (${reasonOf(error)}): start it, or give its address with --url or CONSOLE_URL`,
        { cause: error },
      );
    }
    if (response.status >= 300 && response.status < 400)
      throw this.noConsole(`it sends on to ${response.headers.get('location') ?? 'another address'}`);
    const json = parseJson(text);
    if (response.ok && json !== undefined) return json;
    const refusal = ErrorBody.safeParse(json);
    if (!refusal.success)
      throw this.noConsole(`it answers ${response.status} without an error of the console's shape`);
    throw new ConsoleRefusal(response.status, refusal.data);
  }

  private noConsole(what: string): CommandError {
    return new CommandError(
      EXIT.unavailable,
      `${this.url} is no console: ${what}. Correct --url or CONSOLE_URL`,
    );
  }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** `fetch` hides what happened one or two causes deep. */
function reasonOf(error: unknown): string {
  let cause: unknown = error;
  while (cause instanceof Error && cause.cause instanceof Error) cause = cause.cause;
  const { code, name, message } = cause as NodeJS.ErrnoException;
  if (name === 'TimeoutError') return `no answer within ${DEADLINE_MS / 1000} s`;
  return code ?? message;
}
