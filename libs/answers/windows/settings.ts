/**
 * The settings of an answer file that this suite and common files use: which component has them, in which
 * pass, what their values are. Source: "Unattended Windows Setup Reference" (Microsoft), as of Windows 11
 * 24H2 and Server 2025.
 */

export const PASSES = [
  'windowsPE',
  'offlineServicing',
  'generalize',
  'specialize',
  'auditSystem',
  'auditUser',
  'oobeSystem',
] as const;
export type Pass = (typeof PASSES)[number];

/** What a leaf holds; see `values.ts`. */
export type Leaf =
  | 'text'
  | 'boolean'
  | 'number'
  | 'command259'
  | 'command1024'
  | 'show'
  | 'locale'
  | 'inputLocale'
  | 'zone'
  | 'computerName'
  | 'userName'
  | 'productKey'
  | 'password'
  | 'secret'
  | 'address'
  | 'cidr'
  | 'any';

export interface Group {
  /** Only in these passes, where the component has more. */
  passes?: Pass[];
  children: Record<string, Setting>;
  /** May stand several times. */
  list?: true;
  /** Each of a list has its own `wcm:keyValue`. */
  keyed?: true;
}
/** A leaf in some passes only. */
export interface Bound {
  leaf: Leaf;
  passes?: Pass[];
  list?: true;
  keyed?: true;
}
export type Setting = Leaf | Group | Bound;

const group = (children: Record<string, Setting>, more: Omit<Group, 'children'> = {}): Group => ({
  children,
  ...more,
});
const items = (children: Record<string, Setting>, more: Omit<Group, 'children' | 'list'> = {}): Group => ({
  children,
  list: true,
  ...more,
});
const only = (passes: Pass[], leaf: Leaf): Bound => ({ leaf, passes });

const password = group({ Value: 'password', PlainText: 'boolean' });
const credentials = group({ Domain: 'text', Username: 'text', Password: 'secret' });
const run = (item: string, passes?: Pass[]): Group =>
  group(
    {
      [item]: items({
        Order: 'number',
        Description: 'text',
        Path: 'command259',
        Credentials: credentials,
        WillReboot: 'any',
      }),
    },
    passes ? { passes } : {},
  );
const destination = group({ DiskID: 'number', PartitionID: 'number' });
const source = group({
  Credentials: credentials,
  Path: 'text',
  MetaData: items({ Key: 'text', Value: 'text' }, { keyed: true }),
});
const international = {
  InputLocale: 'inputLocale',
  SystemLocale: 'locale',
  UILanguage: 'locale',
  UILanguageFallback: 'locale',
  UserLocale: 'locale',
} as const;
const driverPaths = {
  DriverPaths: group({
    PathAndCredentials: items({ Path: 'command259', Credentials: credentials }, { keyed: true }),
  }),
};
const firewallProfiles = Object.fromEntries(
  ['DomainProfile', 'PrivateProfile', 'PublicProfile'].flatMap((profile) =>
    [
      'EnableFirewall',
      'DisableNotifications',
      'LogFile',
      'LogFileSize',
      'LogDroppedPackets',
      'LogSuccessfulConnections',
    ].map((setting): [string, Leaf] => [`${profile}_${setting}`, 'any']),
  ),
);

export interface Component {
  passes: Pass[];
  children: Record<string, Setting>;
}
const component = (passes: Pass[], children: Record<string, Setting>): Component => ({ passes, children });
const OOBE: Pass[] = ['oobeSystem'];
const AUDIT: Pass[] = ['auditSystem', 'auditUser'];

const setup = component(['windowsPE'], {
  ComplianceCheck: group({ DisplayReport: 'text' }),
  Diagnostics: group({ OptIn: 'boolean' }),
  DiskConfiguration: group({
    DisableEncryptedDiskProvisioning: 'boolean',
    WillShowUI: 'show',
    Disk: items({
      DiskID: 'number',
      WillWipeDisk: 'boolean',
      CreatePartitions: group({
        CreatePartition: items({ Order: 'number', Type: 'text', Size: 'number', Extend: 'boolean' }),
      }),
      ModifyPartitions: group({
        ModifyPartition: items({
          Order: 'number',
          PartitionID: 'number',
          Active: 'boolean',
          Extend: 'boolean',
          Format: 'text',
          Label: 'text',
          Letter: 'text',
          TypeID: 'text',
        }),
      }),
    }),
  }),
  Display: group({
    ColorDepth: 'number',
    HorizontalResolution: 'number',
    RefreshRate: 'number',
    VerticalResolution: 'number',
  }),
  DynamicUpdate: group({ Enable: 'boolean', WillShowUI: 'show' }),
  EnableFirewall: 'boolean',
  EnableNetwork: 'boolean',
  ImageInstall: group({
    DataImage: items({ InstallFrom: source, InstallTo: destination, Order: 'number' }),
    OSImage: group({
      Compact: 'boolean',
      InstallFrom: source,
      InstallTo: destination,
      InstallToAvailablePartition: 'boolean',
      WillShowUI: 'show',
    }),
  }),
  LogPath: 'text',
  PageFile: group({ Path: 'text', Size: 'number' }),
  Restart: 'text',
  RunAsynchronous: run('RunAsynchronousCommand'),
  RunSynchronous: run('RunSynchronousCommand'),
  UpgradeData: group({ Upgrade: 'boolean', WillShowUI: 'show' }),
  UseConfigurationSet: 'boolean',
  UserData: group({
    AcceptEula: 'boolean',
    FullName: 'text',
    Organization: 'text',
    ProductKey: group({ Key: 'productKey', WillShowUI: 'show' }),
  }),
  WindowsDeploymentServices: 'any',
});

const LOGON_COMMAND = items({
  Order: 'number',
  CommandLine: 'command1024',
  Description: 'text',
  RequiresUserInput: 'boolean',
});

const shell = component(
  ['offlineServicing', 'generalize', 'specialize', 'auditSystem', 'auditUser', 'oobeSystem'],
  {
    AutoLogon: group(
      { Password: password, Domain: 'text', Enabled: 'boolean', LogonCount: 'number', Username: 'userName' },
      { passes: ['specialize', 'auditSystem', 'oobeSystem'] },
    ),
    BluetoothTaskbarIconEnabled: 'boolean',
    ClientApplications: 'any',
    ComputerName: only(['offlineServicing', 'specialize'], 'computerName'),
    ConvertibleSlateModePromptPreference: 'number',
    CopyProfile: only(['specialize'], 'boolean'),
    DesktopOptimization: 'any',
    DisableAutoDaylightTimeSet: 'boolean',
    Display: group({
      ColorDepth: 'number',
      DPI: 'number',
      HorizontalResolution: 'number',
      RefreshRate: 'number',
      VerticalResolution: 'number',
    }),
    DoNotCleanTaskBar: 'boolean',
    EnableStartMenu: 'boolean',
    FirstLogonCommands: group(
      {
        SynchronousCommand: LOGON_COMMAND,
      },
      { passes: OOBE },
    ),
    FolderLocations: 'any',
    LogonCommands: group(
      {
        AsynchronousCommand: LOGON_COMMAND,
      },
      { passes: OOBE },
    ),
    NotificationArea: 'any',
    OEMInformation: group({
      HelpCustomized: 'boolean',
      Logo: 'text',
      Manufacturer: 'text',
      Model: 'text',
      SupportAppURL: 'text',
      SupportHours: 'text',
      SupportPhone: 'text',
      SupportProvider: 'text',
      SupportURL: 'text',
      TradeInEligible: 'any',
    }),
    OEMName: 'text',
    OOBE: group(
      {
        HideEULAPage: 'boolean',
        HideLocalAccountScreen: 'boolean',
        HideOEMRegistrationScreen: 'boolean',
        HideOnlineAccountScreens: 'boolean',
        HideWirelessSetupInOOBE: 'boolean',
        NetworkLocation: 'text',
        OEMAppId: 'text',
        ProtectYourPC: 'number',
        SkipMachineOOBE: 'boolean',
        SkipUserOOBE: 'boolean',
        UnattendEnableRetailDemo: 'boolean',
        VMModeOptimizations: group({
          SkipAdministratorProfileRemoval: 'boolean',
          SkipNotifyUILanguageChange: 'boolean',
          SkipWinREInitialization: 'boolean',
        }),
      },
      { passes: OOBE },
    ),
    ProductKey: only(['specialize', 'offlineServicing'], 'productKey'),
    RegisteredOrganization: 'text',
    RegisteredOwner: 'text',
    ShowPowerButtonOnStartScreen: 'boolean',
    ShowWindowsLive: 'boolean',
    SignInMode: 'number',
    StartPanelOff: 'boolean',
    StartTiles: 'any',
    TaskbarLinks: 'any',
    Themes: 'any',
    TimeZone: 'zone',
    UserAccounts: group(
      {
        AdministratorPassword: password,
        DomainAccounts: 'any',
        LocalAccounts: group({
          LocalAccount: items({
            Password: password,
            Description: 'text',
            DisplayName: 'text',
            Group: 'text',
            Name: 'userName',
          }),
        }),
      },
      { passes: ['auditSystem', 'oobeSystem'] },
    ),
    VisualEffects: 'any',
    WindowsFeatures: 'any',
  },
);

const ipSettings = group({ DhcpEnabled: 'boolean', Metric: 'number', RouterDiscoveryEnabled: 'boolean' });
const network = component(['windowsPE', 'specialize'], {
  IcmpRedirectsEnabled: 'boolean',
  Interfaces: group({
    Interface: items({
      Identifier: 'text',
      Ipv4Settings: ipSettings,
      Ipv6Settings: ipSettings,
      Routes: group({
        Route: items({ Identifier: 'number', Metric: 'number', NextHopAddress: 'address', Prefix: 'cidr' }),
      }),
      UnicastIpAddresses: group({ IpAddress: { leaf: 'cidr', list: true, keyed: true } }),
    }),
  }),
});
const names = component(['windowsPE', 'specialize'], {
  DNSDomain: 'text',
  DNSSuffixSearchOrder: group({ DomainName: { leaf: 'text', list: true, keyed: true } }),
  Interfaces: group({
    Interface: items({
      DNSDomain: 'text',
      DNSServerSearchOrder: group({ IpAddress: { leaf: 'address', list: true, keyed: true } }),
      DisableDynamicUpdate: 'boolean',
      EnableAdapterDomainNameRegistration: 'boolean',
      Identifier: 'text',
    }),
  }),
  UseDomainNameDevolution: 'boolean',
});

/** Components with all their settings. */
export const COMPONENTS: Record<string, Component> = {
  'Microsoft-Windows-International-Core-WinPE': component(['windowsPE'], {
    ...international,
    LayeredDriver: 'number',
    SetupUILanguage: group({ UILanguage: 'locale', WillShowUI: 'show' }),
  }),
  'Microsoft-Windows-International-Core': component(['specialize', 'oobeSystem'], international),
  'Microsoft-Windows-Setup': setup,
  'Microsoft-Windows-Shell-Setup': shell,
  'Microsoft-Windows-Deployment': component(
    ['generalize', 'specialize', 'auditSystem', 'auditUser', 'oobeSystem'],
    {
      AuditComputerName: 'any',
      ExtendOSPartition: group({ Extend: 'boolean', ExtendVolumeLetter: 'text' }, { passes: ['specialize'] }),
      Generalize: 'any',
      Reseal: group({ ForceShutdownNow: 'boolean', Mode: 'text' }, { passes: [...AUDIT, 'oobeSystem'] }),
      RunAsynchronous: run('RunAsynchronousCommand', ['specialize', 'auditUser']),
      RunSynchronous: run('RunSynchronousCommand', ['specialize', 'auditUser']),
    },
  ),
  'Microsoft-Windows-PnpCustomizationsWinPE': component(['windowsPE'], driverPaths),
  'Microsoft-Windows-PnpCustomizationsNonWinPE': component(['offlineServicing', 'auditSystem'], driverPaths),
  'Microsoft-Windows-TCPIP': network,
  'Microsoft-Windows-DNS-Client': names,
  'Networking-MPSSVC-Svc': component(['windowsPE', 'offlineServicing', 'generalize', 'specialize'], {
    ...firewallProfiles,
    DisableStatefulFTP: 'boolean',
    DisableStatefulPPTP: 'boolean',
    FirewallGroups: group({
      FirewallGroup: items(
        { Active: 'boolean', Group: 'text', Key: 'text', Profile: 'text' },
        { keyed: true },
      ),
    }),
  }),
  'Microsoft-Windows-TerminalServices-LocalSessionManager': component(
    ['offlineServicing', 'generalize', 'specialize'],
    {
      fDenyTSConnections: 'boolean',
    },
  ),
  'Microsoft-Windows-TerminalServices-RDP-WinStationExtensions': component(
    ['offlineServicing', 'generalize', 'specialize'],
    {
      SecurityLayer: 'number',
      UserAuthentication: 'number',
    },
  ),
  'Microsoft-Windows-LUA-Settings': component(
    ['offlineServicing', 'generalize', 'specialize', 'auditSystem', 'oobeSystem'],
    {
      EnableLUA: 'boolean',
    },
  ),
  'Microsoft-Windows-SecureStartup-FilterDriver': component(['specialize', 'oobeSystem'], {
    PreventDeviceEncryption: 'boolean',
  }),
  'Microsoft-Windows-Security-SPP': component(['generalize'], { SkipRearm: 'number' }),
  'Microsoft-Windows-Security-SPP-UX': component(['specialize'], { SkipAutoActivation: 'boolean' }),
  'Microsoft-Windows-SQMApi': component(['specialize'], { CEIPEnabled: 'any' }),
  'Microsoft-Windows-UnattendedJoin': component(['specialize'], { Identification: 'any' }),
};

/** Others that files name, known by their name only. */
export const OTHER_COMPONENTS: readonly string[] =
  'Microsoft-Windows-Audio-AudioCore Microsoft-Windows-BrowserService Microsoft-Windows-EnhancedStorage-Adm Microsoft-Windows-ErrorReportingCore Microsoft-Windows-HelpAndSupport Microsoft-Windows-IE-ESC Microsoft-Windows-IE-InternetExplorer Microsoft-Windows-MapControl Microsoft-Windows-NetBT Microsoft-Windows-OutOfBoxExperience Microsoft-Windows-PnPSysprep Microsoft-Windows-powercpl Microsoft-Windows-RemoteAssistance-Exe Microsoft-Windows-ServerManager-SvrMgrNc Microsoft-Windows-Shell-CustomizeOOBE Microsoft-Windows-SMBServer Microsoft-Windows-StorageVSP Microsoft-Windows-SystemRestore-Main Microsoft-Windows-TapiSetup Microsoft-Windows-TPM-Tasks Microsoft-Windows-WDF-KernelLibrary Microsoft-Windows-WinRE-RecoveryAgent Microsoft-Windows-Wlansvc'.split(
    ' ',
  );
