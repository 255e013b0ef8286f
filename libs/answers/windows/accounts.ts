import type { Fault } from '#protocol';
import { find, findAll, textAt } from './find.js';
import type { Element } from './xml.js';

/** Accounts that Windows has by itself; only the first can log on. */
const BUILT_IN = [
  'administrator',
  'guest',
  'defaultaccount',
  'wdagutilityaccount',
  'defaultuser0',
  'system',
  'localservice',
  'networkservice',
  'none',
];
const SHELL = 'Microsoft-Windows-Shell-Setup';

/** What ties users, the automatic logon and the computer's name together. */
export function accountFaults(root: Element, faults: Fault[]): void {
  const shells = findAll(root, 'settings').flatMap((settings) =>
    findAll(settings, 'component')
      .filter(({ attributes }) => attributes['name'] === SHELL)
      .map((component) => ({ pass: settings.attributes['pass'] ?? '', component })),
  );
  const computer =
    shells.map(({ component }) => textAt(component, 'ComputerName')).find((name) => name !== '') ?? '';
  const names = new Map<string, Element>();
  for (const { pass, component } of shells)
    for (const account of findAll(component, 'UserAccounts', 'LocalAccounts', 'LocalAccount')) {
      const path = `${pass}/${SHELL}/UserAccounts/LocalAccounts/LocalAccount/Name`;
      const name = find(account, 'Name');
      if (!name) {
        faults.push({ path, message: 'is missing', remedy: 'add it', line: account.line });
        continue;
      }
      const lower = name.text.toLowerCase();
      const add = (message: string, remedy: string): void => {
        faults.push({ path, value: name.text, message, remedy, line: name.line });
      };
      if (BUILT_IN.includes(lower) || (lower !== '' && lower === computer.toLowerCase()))
        add(
          'is a name that Windows itself uses',
          lower === 'administrator' ? 'set AdministratorPassword instead' : 'choose another',
        );
      else if (names.has(lower))
        add(`is the name of the account on line ${names.get(lower)?.line} too`, 'give each its own');
      names.set(lower, name);
    }
  for (const { pass, component } of shells) {
    const logon = find(component, 'AutoLogon');
    const user = logon && find(logon, 'Username');
    if (!logon || textAt(logon, 'Enabled') !== 'true') continue;
    const path = `${pass}/${SHELL}/AutoLogon/Username`;
    if (!user)
      faults.push({ path, message: 'is missing', remedy: 'name the account that logs on', line: logon.line });
    else if (
      textAt(logon, 'Domain') === '' &&
      user.text.toLowerCase() !== 'administrator' &&
      names.size > 0 &&
      !names.has(user.text.toLowerCase())
    )
      faults.push({
        path,
        value: user.text,
        message: 'is no account that this file makes: nobody logs on',
        remedy: `name one of ${[...names.values()].map(({ text }) => text).join(', ')}`,
        line: user.line,
      });
  }
}
