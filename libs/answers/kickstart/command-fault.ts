import type { Fault } from '#protocol';
import { shown } from '../fault.js';
import type { ReadCommand } from './options.js';

/** Adds a fault of one command. `part` is the option at fault, or empty for the command itself. */
export type Add = (part: string, message: string, remedy: string, value?: string) => void;

/** An `Add` for that command, which tells its line. */
export const faultsOf =
  (command: ReadCommand, faults: Fault[]): Add =>
  (part, message, remedy, value) =>
    faults.push({
      path: part === '' ? command.name : `${command.name} ${part}`,
      ...(value === undefined ? {} : { value: shown(value) }),
      message,
      remedy,
      line: command.line,
    });
