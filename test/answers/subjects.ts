import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { Fault } from '../../libs/protocol/index.js';
import { checkRequest, validateAnswerFile } from '../../libs/answers/index.js';

export const root = resolve(import.meta.dirname, '../..');

const UBUNTU = 'apps/media/families/ubuntu/golden';
const FIXTURES = 'libs/answers/fixtures';

/**
 * Files that are right, by the name that the table of mutations uses. `#` leads to one of the files that a
 * golden text holds.
 */
export const SUBJECTS = {
  'autoinstall, all of a request': `${UBUNTU}/24.04-installer-full.txt#user-data`,
  'autoinstall, least': `${UBUNTU}/22.04-installer-least.txt#user-data`,
  'autoinstall, own storage': `${FIXTURES}/ubuntu/user-data-storage`,
  'autoinstall.yaml': `${FIXTURES}/ubuntu/autoinstall.yaml`,
  'cloud-config, all of a request': `${UBUNTU}/22.04-cloud-image-full.txt#user-data`,
  'cloud-config, least': `${UBUNTU}/24.04-cloud-image-least.txt#user-data`,
  'cloud-config, by hand': `${FIXTURES}/cloud/user-data`,
  'meta-data': `${UBUNTU}/24.04-cloud-image-full.txt#meta-data`,
  'network-config': `${UBUNTU}/24.04-cloud-image-full.txt#network-config`,
  'network-config, version 1': `${FIXTURES}/cloud/network-config-v1`,
  'kickstart F43': `${FIXTURES}/kickstart/F43.ks.cfg`,
  'kickstart RHEL 8': `${FIXTURES}/kickstart/RHEL8.ks.cfg`,
  'kickstart RHEL 9': `${FIXTURES}/kickstart/RHEL9.ks.cfg`,
  'kickstart RHEL 10': `${FIXTURES}/kickstart/RHEL10.ks.cfg`,
  'autounattend UEFI': `${FIXTURES}/windows/w11-uefi.autounattend.xml`,
  'autounattend BIOS': `${FIXTURES}/windows/2k22-bios.autounattend.xml`,
  'request Ubuntu': `${FIXTURES}/requests/ubuntu.yaml`,
  'request Windows': `${FIXTURES}/requests/windows.json`,
  'request Fedora': `${FIXTURES}/requests/fedora.yaml`,
} as const;
export type Subject = keyof typeof SUBJECTS;

/** The text of a subject, and the name of the file that it would be on a medium. */
export function readSubject(subject: Subject): { name: string; text: string } {
  const [path = '', part] = SUBJECTS[subject].split('#');
  const text = readFileSync(join(root, path), 'utf8');
  if (part === undefined) return { name: path, text };
  const found = `\n${text}`.split(/\n=== /).find((one) => one.startsWith(`${part}\n`));
  if (found === undefined) throw new Error(`${path} holds no ${part}`);
  return { name: part, text: found.slice(part.length + 1) };
}

/** The faults that the command would list for a text in the place of a subject. */
export function faultsOf(subject: Subject, text: string): Fault[] {
  if (subject.startsWith('request')) return checkRequest(text).faults;
  return validateAnswerFile(readSubject(subject).name, text).faults;
}
