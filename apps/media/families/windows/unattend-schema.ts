/** What an element may hold, in the order in which this suite writes it; `text` where a value stands; an array: any number of this element. */
export type Shape = 'text' | { readonly [child: string]: Shape | readonly [Shape] };

const PASSWORD: Shape = { Value: 'text', PlainText: 'text' };
const LANGUAGE = {
  InputLocale: 'text',
  SystemLocale: 'text',
  UILanguage: 'text',
  UserLocale: 'text',
} as const;
const RUN_SYNCHRONOUS: Shape = {
  RunSynchronousCommand: [{ Order: 'text', Description: 'text', Path: 'text' }],
};

/**
 * The part of Windows' answer file that this suite writes: pass, component, elements. Source: Microsoft, "Unattended Windows Setup Reference", which says
 * for each setting in which passes it is valid.
 */
export const UNATTEND_SCHEMA: Readonly<Record<string, Readonly<Record<string, Shape>>>> = {
  windowsPE: {
    'Microsoft-Windows-International-Core-WinPE': { SetupUILanguage: { UILanguage: 'text' }, ...LANGUAGE },
    'Microsoft-Windows-PnpCustomizationsWinPE': {
      DriverPaths: { PathAndCredentials: [{ Path: 'text' }] },
    },
    'Microsoft-Windows-Setup': {
      RunSynchronous: RUN_SYNCHRONOUS,
      ImageInstall: {
        OSImage: {
          InstallFrom: { MetaData: [{ Key: 'text', Value: 'text' }] },
          InstallToAvailablePartition: 'text',
          WillShowUI: 'text',
        },
      },
      UserData: {
        ProductKey: { Key: 'text', WillShowUI: 'text' },
        AcceptEula: 'text',
        FullName: 'text',
      },
    },
  },
  specialize: {
    'Microsoft-Windows-Deployment': { RunSynchronous: RUN_SYNCHRONOUS },
    'Microsoft-Windows-Shell-Setup': { ComputerName: 'text', TimeZone: 'text' },
  },
  oobeSystem: {
    'Microsoft-Windows-International-Core': LANGUAGE,
    'Microsoft-Windows-Shell-Setup': {
      TimeZone: 'text',
      UserAccounts: {
        AdministratorPassword: PASSWORD,
        LocalAccounts: {
          LocalAccount: [{ Name: 'text', DisplayName: 'text', Group: 'text', Password: PASSWORD }],
        },
      },
      AutoLogon: { Enabled: 'text', LogonCount: 'text', Username: 'text', Password: PASSWORD },
      OOBE: {
        HideEULAPage: 'text',
        HideLocalAccountScreen: 'text',
        HideOEMRegistrationScreen: 'text',
        HideOnlineAccountScreens: 'text',
        HideWirelessSetupInOOBE: 'text',
        ProtectYourPC: 'text',
      },
      FirstLogonCommands: {
        SynchronousCommand: [{ Order: 'text', Description: 'text', CommandLine: 'text' }],
      },
    },
  },
};

/** Characters, from the same reference: Path of RunSynchronousCommand and of DriverPaths, CommandLine of FirstLogonCommands. */
export const PATH_MAX = 259;
export const COMMAND_LINE_MAX = 1024;

export interface AnswerFault {
  /** Elements from the root, with the pass and the component's name where they stand. */
  path: string[];
  message: string;
}

/** A parsed element of an answer file, as any XML parser can give it. */
export interface ParsedElement {
  name: string;
  attributes: Readonly<Record<string, string>>;
  children: readonly ParsedElement[];
  text: string;
}

/** Passes, components, elements, their order, and the limits on command lines and orders. Every fault is listed. */
export function checkAnswerFile(root: ParsedElement): AnswerFault[] {
  if (root.name !== 'unattend') return [{ path: [root.name], message: 'the root must be unattend' }];
  const faults: AnswerFault[] = [];
  const passes = Object.keys(UNATTEND_SCHEMA);
  let last = -1;
  for (const settings of root.children) {
    const pass = settings.attributes['pass'] ?? '';
    const components = UNATTEND_SCHEMA[pass];
    if (settings.name !== 'settings' || !components) {
      faults.push({ path: [settings.name, pass], message: `the pass must be one of ${passes.join(', ')}` });
      continue;
    }
    if (passes.indexOf(pass) <= last)
      faults.push({ path: [pass], message: 'the pass is out of order or there twice' });
    last = passes.indexOf(pass);
    checkChildren(settings.children, {
      names: Object.keys(components),
      path: [pass],
      faults,
      by: componentName,
    });
    for (const component of settings.children) {
      const name = componentName(component);
      const shape = components[name];
      if (shape) checkShape(component, shape, [pass, name], faults);
    }
  }
  return faults;
}

const componentName = ({ attributes }: ParsedElement): string => attributes['name'] ?? '';

function checkChildren(
  children: readonly ParsedElement[],
  {
    names,
    path,
    faults,
    by,
  }: { names: string[]; path: string[]; faults: AnswerFault[]; by: (child: ParsedElement) => string },
): void {
  let last = -1;
  for (const child of children) {
    const at = names.indexOf(by(child));
    if (at < 0)
      faults.push({
        path: [...path, by(child)],
        message: `is not known here; there are ${names.join(', ')}`,
      });
    else if (at < last) faults.push({ path: [...path, by(child)], message: 'is out of order' });
    last = Math.max(last, at);
  }
}

function checkShape(found: ParsedElement, shape: Shape, path: string[], faults: AnswerFault[]): void {
  if (shape === 'text') {
    if (found.children.length > 0) faults.push({ path, message: 'takes text only' });
    checkLength(found, path, faults);
    return;
  }
  checkChildren(found.children, { names: Object.keys(shape), path, faults, by: ({ name }) => name });
  for (const [name, inner] of Object.entries(shape)) {
    const these = found.children.filter((child) => child.name === name);
    const isList = Array.isArray(inner);
    if (!isList && these.length > 1)
      faults.push({ path: [...path, name], message: 'is there more than once' });
    these.forEach((child, index) => {
      const here = [...path, isList ? `${name}[${index}]` : name];
      checkShape(child, isList ? (inner as readonly [Shape])[0] : (inner as Shape), here, faults);
    });
    if (isList) checkList(these, [...path, name], faults);
  }
}

function checkLength({ name, text }: ParsedElement, path: string[], faults: AnswerFault[]): void {
  const limit = name === 'Path' ? PATH_MAX : name === 'CommandLine' ? COMMAND_LINE_MAX : Infinity;
  if (text.length > limit)
    faults.push({ path, message: `has ${text.length} characters; ${limit} are the most` });
}

function checkList(items: readonly ParsedElement[], path: string[], faults: AnswerFault[]): void {
  let last = 0;
  items.forEach((item, index) => {
    if (item.attributes['wcm:action'] !== 'add' && item.attributes['wcm:keyValue'] === undefined)
      faults.push({ path: [...path, String(index)], message: 'needs wcm:action="add" to be one of a list' });
    const order = item.children.find(({ name }) => name === 'Order');
    if (!order) return;
    const value = Number(order.text);
    if (!Number.isInteger(value) || value <= last)
      faults.push({ path: [...path, String(index), 'Order'], message: 'must be unique and rise from 1' });
    last = value;
  });
}
