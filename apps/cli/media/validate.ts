import { basename } from 'node:path';
import { checkRequest, readRelease, type Release, releaseRemedy, validateAnswerFile } from '#answers';
import type { Fault } from '#protocol';
import { CommandError, EXIT, type ExitCode } from '../exit-codes.js';
import { countOf, faultList } from '../output/fault-text.js';
import { printable, type Terminal } from '../output/terminal.js';
import { readInput } from './spec-file.js';

export interface ValidateOptions {
  spec?: string;
  file?: string;
  for?: string;
  json?: boolean;
}

interface Report {
  file: string;
  family: string | null;
  release?: Release | null;
  faults: Fault[];
  /** Of a request: what is allowed and worth knowing. */
  warnings: Fault[];
  notes: Fault[];
}

/** `infinibay media validate`: every fault of a request or of a finished answer file, without a server. */
export async function validateMedia(options: ValidateOptions, terminal: Terminal): Promise<ExitCode> {
  if ((options.spec === undefined) === (options.file === undefined))
    throw new CommandError(
      EXIT.usage,
      'give either --spec FILE (a request) or --file FILE (a finished answer file)',
    );
  const report = await (options.spec === undefined
    ? answerReport(options, terminal)
    : requestReport(options, terminal));
  terminal.stdout.write(options.json ? `${JSON.stringify(report, null, 2)}\n` : reportText(report));
  return report.faults.length === 0 ? EXIT.ok : EXIT.refused;
}

async function requestReport(
  { spec = '', for: release }: ValidateOptions,
  terminal: Terminal,
): Promise<Report> {
  if (release !== undefined)
    throw new CommandError(EXIT.usage, '--for: is for --file: a request names its own release');
  const { faults, warnings } = checkRequest(await readInput(spec, terminal));
  return { file: spec, family: 'request', faults, warnings, notes: [] };
}

async function answerReport({ file = '', for: named }: ValidateOptions, terminal: Terminal): Promise<Report> {
  const release = named === undefined ? null : readRelease(named);
  if (named !== undefined && release === null)
    throw new CommandError(
      EXIT.usage,
      `--for ${named}: is no release that is known: ${releaseRemedy(named)}`,
    );
  const text = await readInput(file, terminal);
  const report = validateAnswerFile(file === '-' ? '' : basename(file), text, { release });
  if (release !== null && report.family !== 'kickstart')
    throw new CommandError(
      EXIT.usage,
      `--for ${named}: is for a kickstart, but ${file} is ${report.family ?? 'of an unknown family'}`,
    );
  return { file, ...report, warnings: [] };
}

function reportText({ file, family, release, faults, warnings, notes }: Report): string {
  const what = `${family ?? 'unknown family'}${release ? ` for ${release}` : ''}`;
  const head =
    faults.length === 0
      ? `${file}: ${what}: no fault`
      : `${file}: ${what}: ${countOf(faults.length, 'fault')}`;
  return [
    printable(head),
    ...(faults.length > 0 ? [faultList(faults)] : []),
    ...(warnings.length > 0 ? [`${countOf(warnings.length, 'warning')}:`, faultList(warnings)] : []),
    ...(notes.length > 0 ? [`${countOf(notes.length, 'note')}:`, faultList(notes)] : []),
    '',
  ].join('\n');
}
