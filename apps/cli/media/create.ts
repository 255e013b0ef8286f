import { consoleAddress, isReadable } from '../console/address.js';
import { ConsoleClient } from '../console/console-client.js';
import { findToken } from '../console/token.js';
import type { CliConfig } from '../config.js';
import { EXIT, type ExitCode } from '../exit-codes.js';
import { diffText, type Planned, planDiff } from '../output/plan-diff.js';
import { planText } from '../output/plan-text.js';
import type { Terminal } from '../output/terminal.js';
import { hasPassword, readSpec } from './spec-file.js';

export interface ConsoleOptions {
  url?: string;
  tokenFile?: string;
  json?: boolean;
}

/** `infinibay media create`: makes a medium and prints what to do with it. */
export async function createMedia(
  spec: string,
  options: ConsoleOptions,
  config: CliConfig,
  terminal: Terminal,
): Promise<ExitCode> {
  const request = await readSpec(spec, terminal);
  const client = await connect([request], options, config, terminal);
  const result = await client.createMedia(request, false);
  terminal.stdout.write(options.json ? json(result) : planText(result, false));
  return EXIT.ok;
}

/** `infinibay media plan`: what would be made, or what is different between what two specs would make. */
export async function planMedia(
  spec: string,
  { against, ...options }: ConsoleOptions & { against?: string },
  config: CliConfig,
  terminal: Terminal,
): Promise<ExitCode> {
  const names = against === undefined ? [spec] : [against, spec];
  const specs: unknown[] = [];
  for (const name of names) specs.push(await readSpec(name, terminal));
  const client = await connect(specs, options, config, terminal);
  const planned: Planned[] = [];
  for (const [index, request] of specs.entries())
    planned.push({
      name: names[index] ?? '',
      spec: request,
      result: await client.createMedia(request, true),
    });
  const [before, after] = planned;
  if (!before || !after) {
    const [{ result }] = planned as [Planned];
    terminal.stdout.write(options.json ? json(result) : planText(result, true));
    return EXIT.ok;
  }
  const diff = planDiff(before, after);
  terminal.stdout.write(
    options.json ? json({ before: before.result, after: after.result, diff }) : diffText(diff),
  );
  return EXIT.ok;
}

const json = (value: unknown): string => `${JSON.stringify(value, null, 2)}\n`;

async function connect(
  specs: unknown[],
  { url, tokenFile }: ConsoleOptions,
  config: CliConfig,
  terminal: Terminal,
): Promise<ConsoleClient> {
  const address = consoleAddress(url ?? config.CONSOLE_URL);
  const token = await findToken(config, tokenFile);
  if (isReadable(address))
    terminal.stderr.write(
      `warning: ${address} is neither https nor this machine: the token${specs.some(hasPassword) ? ' and the passwords of the request' : ''} can be read on the way\n`,
    );
  return new ConsoleClient(address, token);
}
