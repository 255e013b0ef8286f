import { kickstartRelease, type KickstartFacts, type MediaRequest } from '#protocol';
import { type AgentInstall, installSettings } from '../linux/agent-files.js';
import type { SeedFile } from '../seed-file.js';
import { glibcLocale } from '../linux/cloud-config.js';
import { ksWord } from '../../escape.js';
import { DISK_INCLUDE, preScript, SETTINGS_MARK } from './disk.js';
import { kickstartFaults } from './faults.js';
import { networkCommands } from './network.js';
import { HAND_OVER_SCRIPT, ON_ERROR_SCRIPT, postScript, PRE_INSTALL_SCRIPT } from './post.js';
import { DNF } from '../linux/distribution.js';
import { appStream } from '../linux/rpm-settings.js';

/**
 * The seed of an installation of Fedora, RHEL, Rocky or Alma: `ks.cfg`, for Anaconda's label. Cloud images
 * take `cloudSeed`. Source of the commands: "Kickstart Documentation" of the pykickstart project.
 * @throws Error when `kickstartFaults` has any, which is asked before
 */
export function kickstartSeed(request: MediaRequest, install: AgentInstall): SeedFile[] {
  const release = kickstartRelease(request.os);
  const faults = kickstartFaults(request);
  if (!release || faults.length > 0)
    throw new Error(faults.map(({ path, message }) => `${path}: ${message}`).join('; '));
  const settings = Buffer.from(installSettings(install)).toString('base64');
  const content = `# For ${request.hostname}, ${request.os.family} ${request.os.version} (${release.syntax})
${SETTINGS_MARK} ${settings}
${[
  ...systemCommands(request, release),
  ...sourceCommands(request),
  ...networkCommands(request),
  ...userCommands(request),
].join('\n')}
%include ${DISK_INCLUDE}

%packages --ignoremissing
${[release.environment, ...new Set(['curl', 'wget', ...request.packages])].join('\n')}
%end

${section('%pre --interpreter=/bin/sh --erroronfail --log=/tmp/infinibay-pre.log', preScript(request, install))}
${section('%pre-install --interpreter=/bin/sh', PRE_INSTALL_SCRIPT)}
${section('%post --nochroot --interpreter=/bin/sh', HAND_OVER_SCRIPT)}
${section(`%post --interpreter=/bin/sh --log=${DNF.places.log}`, postScript(request, install))}
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
    'skipx',
    `lang ${ksWord(glibcLocale(request.locale))}`,
    keyboardCommand(request),
    `timezone ${ksWord(zone)} --utc`,
    'selinux --enforcing',
    'firewall --enabled --service=ssh',
    'services --enabled=sshd',
  ];
}

/**
 * Console keymaps that kbd makes from XKB layouts bear the same names; those of other scripts have none, and
 * Anaconda then finds the nearest.
 */
const CONSOLE_LAYOUTS = new Set(
  'at be br ca ch cz de dk ee es fi fr gb hr hu ie is it latam lt lv nl no pl pt ro se si sk tr us'.split(
    ' ',
  ),
);

function keyboardCommand({ keyboard: { layout, variant } }: MediaRequest): string {
  const console = CONSOLE_LAYOUTS.has(layout)
    ? [`--vckeymap=${ksWord(variant ? `${layout}-${variant}` : layout)}`]
    : [];
  return ['keyboard', ...console, `--xlayouts=${ksWord(variant ? `${layout} (${variant})` : layout)}`].join(
    ' ',
  );
}

/**
 * Without a mirror there is no command: Anaconda then takes the packages of the medium that it was started
 * from, and with a net installer those of the nearest mirror that the release knows
 * (rhinstaller/anaconda#4567; RHEL knows none).
 */
function sourceCommands({ mirror, proxy }: MediaRequest): string[] {
  if (mirror === undefined) return [];
  const through = proxy === undefined ? '' : ` --proxy=${ksWord(proxy)}`;
  const more = appStream(mirror);
  return [
    `url --url=${ksWord(mirror)}${through}`,
    ...(more ? [`repo --name=AppStream --baseurl=${ksWord(more)}${through}`] : []),
  ];
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
