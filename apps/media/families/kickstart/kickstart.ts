import { kickstartRelease, type KickstartFacts, type MediaRequest } from '#protocol';
import type { AgentInstall } from '../linux/agent-files.js';
import type { SeedFile } from '../seed-file.js';
import { glibcLocale } from '../linux/cloud-config.js';
import { consoleKeymap } from '../linux/console-keymap.js';
import { ksWord } from '../../escape.js';
import { kickstartFaults } from './faults.js';
import { networkCommands } from './network.js';
import { packageLines, wantsDesktop } from './packages.js';
import { DISK_INCLUDE, RHSM_INCLUDE } from './places.js';
import { finishScript, HAND_OVER_SCRIPT, ON_ERROR_SCRIPT, postScript, preInstallScript } from './post.js';
import { preScript } from './pre.js';
import { DNF } from '../linux/distribution.js';
import { appStream } from '../linux/rpm-settings.js';

/** What the vendor's medium is to a kickstart. */
export interface KickstartMedium {
  /** It carries no packages: a boot ISO. False also when it is not known. */
  isBootIso: boolean;
}

/**
 * The seed of an installation of Fedora, RHEL, Rocky or Alma: `ks.cfg`, for Anaconda's label. Cloud images
 * take `cloudSeed`. It holds no secret: `%pre` takes those from the medium. Source of the commands:
 * "Kickstart Documentation" of the pykickstart project.
 * @throws Error when `kickstartFaults` has any, which is asked before
 */
export function kickstartSeed(
  request: MediaRequest,
  install: AgentInstall,
  medium: KickstartMedium = { isBootIso: false },
): SeedFile[] {
  const release = kickstartRelease(request.os);
  const faults = kickstartFaults(request);
  if (!release || faults.length > 0)
    throw new Error(faults.map(({ path, message }) => `${path}: ${message}`).join('; '));
  const content = `# For ${request.hostname}, ${request.os.family} ${request.os.version} (${release.syntax})
${[
  ...systemCommands(request, release),
  ...sourceCommands(request, release, medium),
  ...networkCommands(request),
  ...userCommands(request),
  ...(install.rhsm ? [`%include ${RHSM_INCLUDE}`] : []),
].join('\n')}
%include ${DISK_INCLUDE}

%packages --ignoremissing
${packageLines(request, release).join('\n')}
%end

${section('%pre --interpreter=/bin/sh --erroronfail --log=/tmp/infinibay-pre.log', preScript(request, install, release))}
${section('%pre-install --interpreter=/bin/sh', preInstallScript(install))}
${section('%post --nochroot --interpreter=/bin/sh', HAND_OVER_SCRIPT)}
${section(`%post --interpreter=/bin/sh --log=${DNF.places.log}`, postScript(request, install))}
${section('%post --nochroot --interpreter=/bin/sh', finishScript(install))}
${section('%onerror --interpreter=/bin/sh', ON_ERROR_SCRIPT)}`;
  return [{ name: 'ks.cfg', content }];
}

/** @throws Error for a script with a line that would end or begin a section */
function section(head: string, script: string): string {
  if (/^%/m.test(script)) throw new Error(`a line of ${head} begins with %`);
  return `${head}\n${script}%end\n`;
}

function systemCommands(request: MediaRequest, release: KickstartFacts): string[] {
  const zone = request.timezone === 'UTC' ? 'Etc/UTC' : request.timezone;
  return [
    // It stops with an error where it would ask otherwise.
    'text --non-interactive',
    'reboot --eject',
    ...(release.eula ? ['eula --agreed'] : []),
    'firstboot --disable',
    wantsDesktop(request) ? 'xconfig --startxonboot' : 'skipx',
    `lang ${ksWord(glibcLocale(request.locale))}`,
    keyboardCommand(request),
    `timezone ${ksWord(zone)} --utc`,
    'selinux --enforcing',
    'firewall --enabled --service=ssh',
  ];
}

/** Where a layout has no console keymap Anaconda finds the nearest. */
function keyboardCommand(request: MediaRequest): string {
  const { layout, variant } = request.keyboard;
  const keymap = consoleKeymap(request);
  const console = keymap === null ? [] : [`--vckeymap=${ksWord(keymap)}`];
  return ['keyboard', ...console, `--xlayouts=${ksWord(variant ? `${layout} (${variant})` : layout)}`].join(
    ' ',
  );
}

/**
 * Without a mirror Anaconda takes the packages of the medium that it was started from: EL 8 and 9 look for
 * them on optical drives only. A boot ISO has none: there the newer ones know the nearest mirror themselves
 * (rhinstaller/anaconda#4567), and the others are told by `release.mirrorLists`; RHEL has none for all.
 */
function sourceCommands(
  { os, mirror, proxy }: MediaRequest,
  { mirrorLists }: KickstartFacts,
  { isBootIso }: KickstartMedium,
): string[] {
  const through = proxy === undefined ? '' : ` --proxy=${ksWord(proxy)}`;
  const source = (kind: string, url: string): string => `--${kind}=${ksWord(url)}${through}`;
  if (mirror !== undefined) {
    const more = appStream(mirror);
    return [
      `url ${source('url', mirror)}`,
      ...(more ? [`repo --name=AppStream ${source('baseurl', more)}`] : []),
    ];
  }
  if (!isBootIso || !mirrorLists) return [];
  const [base, more] = [mirrorLists.baseOs, mirrorLists.appStream].map((url) =>
    source('mirrorlist', url.replace('ARCH', os.architecture)),
  );
  return [`url ${base}`, `repo --name=AppStream ${more}`];
}

/** `postScript` adds further keys and the rights of those without a password. */
function userCommands({ users }: MediaRequest): string[] {
  return [
    'rootpw --lock',
    ...users.flatMap(({ name, passwordHash, sshKeys: [key], admin }) => [
      [
        `user --name=${ksWord(name)}`,
        ...(admin ? ['--groups=wheel'] : []),
        ...(passwordHash === undefined ? [] : ['--iscrypted', `--password=${ksWord(passwordHash)}`]),
      ].join(' '),
      ...(key === undefined ? [] : [`sshkey --username=${ksWord(name)} ${ksWord(key)}`]),
    ]),
  ];
}
