import type { MediaRequest } from '#protocol';
import { AnswerFileError } from './check.js';
import { inputLocale, windowsLocale, windowsTimeZone } from './names.js';
import { windowsPassword } from './password.js';
import { firstLogonCommand, onSeed } from './setup-scripts.js';
import { findEdition, findWindowsVersion, type WindowsEdition, type WindowsVersion } from './versions.js';
import { element, listItem, writeXml, type XmlElement } from './xml.js';

/**
 * Characters: Path of RunSynchronousCommand and of DriverPaths, CommandLine of FirstLogonCommands. Source:
 * Microsoft, "Unattended Windows Setup Reference".
 */
export const PATH_MAX = 259;
export const COMMAND_LINE_MAX = 1024;

export interface AnswerFileOptions {
  /** Password by user name, opened. */
  passwords: ReadonlyMap<string, string>;
  /** A language that the medium has: setup asks for another. BCP 47. */
  uiLanguage: string;
  /** `/IMAGE/NAME` of the medium, when it is not the edition's usual one. */
  imageName?: string | undefined;
  /** One logon of the first administrator, without anybody there. */
  autoLogon: boolean;
}

interface Known extends AnswerFileOptions {
  request: MediaRequest;
  version: WindowsVersion;
  edition: WindowsEdition;
  timeZone: string;
  language: XmlElement[];
}

/**
 * `autounattend.xml`, for a request in which `checkWindows` finds no fault. @throws AnswerFileError for one
 * that it would have named
 */
export function answerFile(request: MediaRequest, options: AnswerFileOptions): string {
  const version = findWindowsVersion(request.os.version);
  const edition = version && findEdition(version, request.os.edition);
  const timeZone = windowsTimeZone(request.timezone);
  const keyboard = inputLocale(request.keyboard);
  const locale = windowsLocale(request.locale);
  if (!version || !edition || !timeZone || !keyboard || !('locale' in locale))
    throw new AnswerFileError(request);
  const language = [
    element('InputLocale', keyboard),
    element('SystemLocale', locale.locale),
    element('UILanguage', options.uiLanguage),
    element('UserLocale', locale.locale),
  ];
  const known: Known = { ...options, request, version, edition, timeZone, language };
  return writeXml(
    element(
      'unattend',
      [
        pass('windowsPE', windowsPe(known)),
        pass('specialize', specialize(known)),
        pass('oobeSystem', oobe(known)),
      ],
      {
        xmlns: 'urn:schemas-microsoft-com:unattend',
        'xmlns:wcm': 'http://schemas.microsoft.com/WMIConfig/2002/State',
      },
    ),
  );

  function pass(name: string, components: [name: string, children: (XmlElement | null)[]][]): XmlElement {
    return element(
      'settings',
      components.map(([component, children]) =>
        element('component', children, {
          name: component,
          processorArchitecture: request.os.architecture === 'aarch64' ? 'arm64' : 'amd64',
          publicKeyToken: '31bf3856ad364e35',
          language: 'neutral',
          versionScope: 'nonSxS',
        }),
      ),
      { pass: name },
    );
  }
}

type Components = [name: string, children: (XmlElement | null)[]][];

/** Setup looks at them before it shows its list of what the machine lacks. */
const BYPASSES = [
  'BypassTPMCheck',
  'BypassSecureBootCheck',
  'BypassRAMCheck',
  'BypassCPUCheck',
  'BypassStorageCheck',
];

function windowsPe({ request, edition, imageName, language, uiLanguage }: Known): Components {
  const bypasses = request.windows?.bypassRequirements
    ? BYPASSES.map((name) => ({
        what: 'Requirement left out on request',
        path: `reg.exe add HKLM\\SYSTEM\\Setup\\LabConfig /v ${name} /t REG_DWORD /d 1 /f`,
      }))
    : [];
  return [
    [
      'Microsoft-Windows-International-Core-WinPE',
      [element('SetupUILanguage', [element('UILanguage', uiLanguage)]), ...language],
    ],
    [
      'Microsoft-Windows-Setup',
      [
        runSynchronous([...bypasses, { what: 'Drivers, disk and partitions', path: onSeed('winpe.cmd') }]),
        element('ImageInstall', [
          element('OSImage', [
            element('InstallFrom', [
              listItem('MetaData', [
                element('Key', '/IMAGE/NAME'),
                element('Value', imageName ?? edition.imageName),
              ]),
            ]),
            // The partitions are made by winpe.cmd, which has left one disk to choose from: a disk number
            // cannot be known when this file is written.
            element('InstallToAvailablePartition', 'true'),
            element('WillShowUI', 'OnError'),
          ]),
        ]),
        element('UserData', [
          // Without a key there must be an empty one, or setup asks for it.
          element('ProductKey', [
            element('Key', request.productKey ?? edition.setupKey ?? ''),
            element('WillShowUI', 'Never'),
          ]),
          element('AcceptEula', 'true'),
          element('FullName', request.users[0]?.name ?? ''),
        ]),
      ],
    ],
  ];
}

function specialize({ request, timeZone }: Known): Components {
  return [
    [
      'Microsoft-Windows-Deployment',
      [runSynchronous([{ what: 'Scripts and drivers from the seed', path: onSeed('specialize.cmd') }])],
    ],
    [
      'Microsoft-Windows-Shell-Setup',
      [element('ComputerName', request.hostname), element('TimeZone', timeZone)],
    ],
  ];
}

function oobe(known: Known): Components {
  const { request, version, timeZone, language, autoLogon } = known;
  const administrator = request.users.find(({ admin }) => admin);
  return [
    ['Microsoft-Windows-International-Core', language],
    [
      'Microsoft-Windows-Shell-Setup',
      [
        element('TimeZone', timeZone),
        element('UserAccounts', [
          // A server asks for this one's password whatever other accounts there are; finish.ps1 closes the
          // account again.
          version.kind === 'server' && administrator
            ? password(known, administrator.name, 'AdministratorPassword')
            : null,
          element(
            'LocalAccounts',
            request.users.map(({ name, admin }) =>
              listItem('LocalAccount', [
                element('Name', name),
                element('DisplayName', name),
                element('Group', admin ? 'Administrators' : 'Users'),
                password(known, name, 'Password'),
              ]),
            ),
          ),
        ]),
        autoLogon && administrator
          ? element('AutoLogon', [
              element('Enabled', 'true'),
              element('LogonCount', '1'),
              element('Username', administrator.name),
              password(known, administrator.name, 'Password'),
            ])
          : null,
        element('OOBE', [
          element('HideEULAPage', 'true'),
          element('HideLocalAccountScreen', 'true'),
          element('HideOEMRegistrationScreen', 'true'),
          element('HideOnlineAccountScreens', 'true'),
          element('HideWirelessSetupInOOBE', 'true'),
          // No express settings: nothing is sent to the vendor.
          element('ProtectYourPC', '3'),
        ]),
        element('FirstLogonCommands', [
          listItem('SynchronousCommand', [
            element('Order', '1'),
            element('Description', 'InfiniService'),
            limited('CommandLine', firstLogonCommand(), COMMAND_LINE_MAX),
          ]),
        ]),
      ],
    ],
  ];
}

function password(
  { passwords, request }: Known,
  user: string,
  name: 'Password' | 'AdministratorPassword',
): XmlElement {
  const opened = passwords.get(user);
  if (opened === undefined) throw new AnswerFileError(request);
  return element(name, [element('Value', windowsPassword(opened, name)), element('PlainText', 'false')]);
}

function runSynchronous(commands: { what: string; path: string }[]): XmlElement {
  return element(
    'RunSynchronous',
    commands.map(({ what, path }, index) =>
      listItem('RunSynchronousCommand', [
        element('Order', String(index + 1)),
        element('Description', what),
        limited('Path', path, PATH_MAX),
      ]),
    ),
  );
}

function limited(name: string, text: string, most: number): XmlElement {
  if (text.length > most) throw new Error(`${name} has ${text.length} characters; Windows takes ${most}`);
  return element(name, text);
}
