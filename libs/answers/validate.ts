import type { Fault } from '#protocol';
import { checkKickstart } from './kickstart/check.js';
import type { Release } from './kickstart/release-names.js';
import { autounattendFaults } from './windows/check.js';
import {
  autoinstallFaults,
  autoinstallFileFaults,
  cloudConfigFaults,
  isAutoinstall,
  metaDataFaults,
  networkConfigFaults,
} from './yaml/answer.js';

export const ANSWER_FAMILIES = [
  'autoinstall',
  'autoinstall.yaml',
  'cloud-config',
  'meta-data',
  'network-config',
  'kickstart',
  'autounattend',
] as const;
export type AnswerFamily = (typeof ANSWER_FAMILIES)[number];

export interface AnswerReport {
  /** Null when the file is of no family that is known. */
  family: AnswerFamily | null;
  /** Of a kickstart: for which release it was checked; null: for what any knows. */
  release?: Release | null;
  faults: Fault[];
  /** What is allowed and worth knowing. */
  notes: Fault[];
}

/** A file that no installer would read to its end. */
const TEXT_MAX = 4 * 1024 * 1024;

/**
 * Checks a finished answer file of any family, without the program that reads it: every fault with its place
 * and the way out. The family is told from the file's name, otherwise from what stands in it.
 */
export function validateAnswerFile(
  name: string,
  text: string,
  options: { release?: Release | null } = {},
): AnswerReport {
  const family = familyOf(name, text);
  if (text.length > TEXT_MAX || text.includes('\0')) {
    const message = text.includes('\0')
      ? 'this is no text: it contains NUL'
      : 'this is no answer file: it is larger than 4 MiB';
    return { family, faults: [{ path: '', message, remedy: 'name the answer file itself' }], notes: [] };
  }
  switch (family) {
    case 'kickstart': {
      const report = checkKickstart(text, options.release ?? null);
      return { family, ...report };
    }
    case 'autoinstall':
      return { family, faults: autoinstallFaults(text), notes: [] };
    case 'autoinstall.yaml':
      return { family, faults: autoinstallFileFaults(text), notes: [] };
    case 'cloud-config':
      return { family, faults: cloudConfigFaults(text), notes: [] };
    case 'meta-data':
      return { family, faults: metaDataFaults(text), notes: [] };
    case 'network-config':
      return { family, faults: networkConfigFaults(text), notes: [] };
    case 'autounattend':
      return { family, faults: autounattendFaults(text), notes: [] };
    case null:
      return {
        family,
        faults: [
          {
            path: '',
            message: 'is of no family that is known by name or content',
            remedy:
              'name it user-data, meta-data, network-config, autoinstall.yaml, ks.cfg or autounattend.xml',
          },
        ],
        notes: [],
      };
    default:
      return family satisfies never;
  }
}

/** By name first: a broken file is still of the family that it is named after. */
function familyOf(path: string, text: string): AnswerFamily | null {
  const name = (path.split(/[\\/]/).at(-1) ?? '').toLowerCase();
  if (/^autoinstall.*\.ya?ml$/.test(name)) return 'autoinstall.yaml';
  if (/^meta-data/.test(name)) return 'meta-data';
  if (/^network-config/.test(name)) return 'network-config';
  if (/^(user-data|vendor-data)/.test(name)) return isAutoinstall(text) ? 'autoinstall' : 'cloud-config';
  if (/(^|\.)ks(\.cfg)?$|^anaconda-ks\.cfg$/.test(name)) return 'kickstart';
  if (/unattend.*\.xml$/.test(name)) return 'autounattend';
  return familyByContent(text);
}

function familyByContent(text: string): AnswerFamily | null {
  if (/^\uFEFF?\s*</.test(text)) return 'autounattend';
  if (/^#cloud-config/.test(text)) return isAutoinstall(text) ? 'autoinstall' : 'cloud-config';
  if (
    /^%(packages|pre|post|end)\b|^(rootpw|clearpart|autopart|bootloader|lang|keyboard|timezone) /m.test(text)
  )
    return 'kickstart';
  if (isAutoinstall(text)) return 'autoinstall.yaml';
  if (/^["']?instance-id["']?\s*:/m.test(text)) return 'meta-data';
  if (/^(network|ethernets|config)\s*:/m.test(text)) return 'network-config';
  return null;
}
