import type { MediaRequest } from '#protocol';
import { readScript } from '#script-files';
import { vbsString } from '../../escape.js';

/** Replaced by a test that has disks of its own. */
export const READ_DISKS = readScript(import.meta.dirname, 'scripts/read-disks.vbs');
const CHOOSE = readScript(import.meta.dirname, 'scripts/choose-disk.vbs');

/**
 * VBScript that prints a diskpart script for the disk that the request means, or prints why not; see
 * `scripts/choose-disk.vbs`.
 */
export function diskScript({ disk, firmware }: MediaRequest): string {
  const { match } = disk;
  const rule = !match ? 'only' : 'serial' in match ? 'serial' : 'bus' in match ? 'bus' : 'size';
  const constants: [string, string][] = [
    ['RULE', vbsString(rule)],
    ['WANTED_SERIAL', vbsString(match && 'serial' in match ? match.serial : '')],
    ['WANTED_BUS', vbsString(match && 'bus' in match ? match.bus : '')],
    // As text: VBScript's own whole numbers end at 2^31.
    ['MIN_BYTES', vbsString(match && 'minBytes' in match ? String(match.minBytes) : '0')],
    ['MAX_BYTES', vbsString(match && 'minBytes' in match ? String(match.maxBytes) : '0')],
    ['MAY_WIPE', disk.wipe ? 'True' : 'False'],
    ['FIRMWARE', vbsString(firmware)],
  ];
  return [
    "' Chooses the disk for Windows, and prints a diskpart script for it or the reason why there is none.",
    "' The first argument is the drive of the seed, whose disk is never chosen.",
    'Option Explicit',
    '',
    ...constants.map(([name, value]) => `Dim ${name} : ${name} = ${value}`),
    '',
    READ_DISKS,
    CHOOSE,
  ].join('\n');
}
