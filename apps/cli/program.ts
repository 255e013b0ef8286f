import { Command, CommanderError } from 'commander';
import { releaseRanges } from '#answers';
import { readConfig } from './config.js';
import { ConsoleRefusal } from './console/console-client.js';
import { CommandError, EXIT, EXIT_CODES_HELP, type ExitCode } from './exit-codes.js';
import { type ConsoleOptions, createMedia, planMedia } from './media/create.js';
import { validateMedia, type ValidateOptions } from './media/validate.js';
import { refusalText } from './output/fault-text.js';
import { printable, type Terminal } from './output/terminal.js';
import { VERSION } from './version.js';

/**
 * Runs a command line (without the program's name) and resolves with the exit code. Faults go to standard
 * error, results to standard output.
 */
export async function runCommand(
  words: string[],
  env: NodeJS.ProcessEnv,
  terminal: Terminal,
): Promise<ExitCode> {
  let exitCode: ExitCode = EXIT.ok;
  const program = commandLine(env, terminal, (code) => (exitCode = code));
  try {
    await program.parseAsync(words, { from: 'user' });
    return exitCode;
  } catch (error) {
    // Commander has printed it; asking for help is no error.
    if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.ok : EXIT.usage;
    if (error instanceof ConsoleRefusal) {
      terminal.stderr.write(`${refusalText(error)}\n`);
      return exitCodeOf(error.status);
    }
    if (!(error instanceof CommandError)) throw error;
    terminal.stderr.write(`${printable(error.message)}\n`);
    return error.exitCode;
  }
}

const exitCodeOf = (status: number): ExitCode => {
  if (status === 401 || status === 403) return EXIT.access;
  return status >= 500 ? EXIT.unavailable : EXIT.refused;
};

function commandLine(env: NodeJS.ProcessEnv, terminal: Terminal, ended: (code: ExitCode) => void): Command {
  const program = new Command('infinibay')
    .description('Unattended installs for fleets of virtual machines')
    .version(VERSION)
    .exitOverride()
    .configureOutput({
      writeOut: (text) => terminal.stdout.write(text),
      writeErr: (text) => terminal.stderr.write(text),
    })
    .showHelpAfterError('(infinibay media --help says what there is)')
    .addHelpText('after', EXIT_CODES_HELP);
  const media = program
    .command('media')
    .description('install media and what they are made of')
    .addHelpText('after', EXIT_CODES_HELP);

  consoleOptions(media.command('create').description('make a medium and print its plan'))
    .requiredOption('--spec <file>', 'the request, YAML or JSON; - reads standard input')
    .action(async ({ spec, ...options }: ConsoleOptions & { spec: string }) =>
      ended(await createMedia(spec, options, readConfig(env), terminal)),
    );
  consoleOptions(media.command('plan').description('say what would be made, without making it'))
    .requiredOption('--spec <file>', 'the request, YAML or JSON; - reads standard input')
    .option('--against <file>', 'another request: print what is different in request, plan and files')
    .action(async ({ spec, ...options }: ConsoleOptions & { spec: string; against?: string }) =>
      ended(await planMedia(spec, options, readConfig(env), terminal)),
    );
  media
    .command('validate')
    .description('list every fault of a request or of a finished answer file, without a server')
    .option('--spec <file>', 'a request, YAML or JSON; - reads standard input')
    .option(
      '--file <file>',
      'a finished answer file: user-data, meta-data, network-config, kickstart or autounattend.xml',
    )
    .option('--for <release>', `of a kickstart: ${releaseRanges()}; otherwise what the file says of itself`)
    .option('--json', 'print all faults as JSON')
    .addHelpText('after', EXIT_CODES_HELP)
    .action(async (options: ValidateOptions) => ended(await validateMedia(options, terminal)));
  return program;
}

function consoleOptions(command: Command): Command {
  return command
    .option('--url <url>', 'the console (default: CONSOLE_URL, or http://127.0.0.1:4001)')
    .option(
      '--token-file <file>',
      "the console's token (default: CONSOLE_TOKEN, or console.token in INFINIBAY_BASE_DIR or ./.infinibay)",
    )
    .option('--json', "print the console's answer as it is")
    .addHelpText('after', EXIT_CODES_HELP);
}
