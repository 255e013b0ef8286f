import type { Fault } from '#protocol';
import { didYouMean, inFileOrder, shown, slipOf } from '../fault.js';
import { accountFaults } from './accounts.js';
import { diskFaults } from './disks.js';
import { passwordFaults } from './passwords.js';
import { COMPONENTS, OTHER_COMPONENTS, PASSES, type Group, type Pass, type Setting } from './settings.js';
import { leafFault } from './values.js';
import { type Element, readXml } from './xml.js';

const NAMESPACE = 'urn:schemas-microsoft-com:unattend';
const CONFIG = 'http://schemas.microsoft.com/WMIConfig/2002/State';
const TOKEN = '31bf3856ad364e35';
const ACTIONS = ['add', 'list', 'modify', 'remove', 'none'];
const ARCHITECTURES = ['amd64', 'arm64', 'x86', 'wow64', 'ia64', 'neutral', 'msil'];

/** Every fault of an `autounattend.xml`. */
export function autounattendFaults(text: string): Fault[] {
  const { root, faults } = readXml(text);
  if (!root) return inFileOrder(faults);
  const file = new AnswerFile(faults);
  file.check(root);
  return inFileOrder(faults);
}

class AnswerFile {
  private readonly architectures = new Map<string, Element>();

  constructor(private readonly faults: Fault[]) {}

  check(root: Element): void {
    if (root.name !== 'unattend')
      return this.add(root.name, root, 'is no root of an answer file', 'make the root <unattend>', root.name);
    if (root.attributes[root.prefix ? `xmlns:${root.prefix}` : 'xmlns'] !== NAMESPACE)
      this.add(
        'unattend',
        root,
        'has the wrong namespace: Setup finds nothing in it',
        `write xmlns="${NAMESPACE}"`,
        root.attributes['xmlns'],
      );
    const config = root.attributes['xmlns:wcm'];
    const passes = new Set<string>();
    for (const child of root.children) {
      if (child.name === 'settings') this.checkPass(child, config, passes);
      else if (
        !['servicing', 'offlineImage'].includes(child.name) &&
        child.attributes['xmlns'] === undefined &&
        child.prefix === ''
      )
        this.add(
          `unattend/${child.name}`,
          child,
          'is an unknown element',
          didYouMean(child.name, ['settings', 'servicing'], 'remove it'),
        );
    }
    if (passes.size === 0) this.add('unattend', root, 'has no settings', 'add <settings pass="windowsPE">');
    accountFaults(root, this.faults);
  }

  private checkPass(settings: Element, config: string | undefined, seen: Set<string>): void {
    const pass = settings.attributes['pass'] ?? '';
    if (!(PASSES as readonly string[]).includes(pass))
      return this.add(
        'settings',
        settings,
        `is of an unknown pass ${JSON.stringify(shown(pass))}`,
        didYouMean(pass, PASSES, `use one of ${PASSES.join(', ')}`),
        pass,
      );
    if (seen.has(pass))
      this.add(pass, settings, 'stands twice', 'put all of its components in one <settings>');
    seen.add(pass);
    const components = new Set<string>();
    for (const component of settings.children) {
      if (component.name !== 'component') {
        this.add(
          `${pass}/${component.name}`,
          component,
          'is an unknown element',
          didYouMean(component.name, ['component'], 'put settings in a <component>'),
        );
        continue;
      }
      const { name = '', processorArchitecture = '' } = component.attributes;
      if (components.has(`${name} ${processorArchitecture}`))
        this.add(`${pass}/${name}`, component, 'stands twice in this pass', 'put all of its settings in one');
      components.add(`${name} ${processorArchitecture}`);
      this.checkComponent(component, pass as Pass, name, config ?? settings.attributes['xmlns:wcm']);
    }
  }

  private checkComponent(component: Element, pass: Pass, name: string, config: string | undefined): void {
    const path = `${pass}/${name}`;
    this.checkAttributes(component, path);
    const known = COMPONENTS[name];
    const own = component.attributes['xmlns:wcm'] ?? config;
    if (!known) {
      // There are hundreds of them: one that is not in our lists is wrong only when it is a slip of one that
      // is.
      const near = OTHER_COMPONENTS.includes(name)
        ? null
        : slipOf(name, [...Object.keys(COMPONENTS), ...OTHER_COMPONENTS]);
      if (near !== null) this.add(path, component, 'is an unknown component', `did you mean ${near}?`);
      else if (!/^[A-Za-z]+(-[A-Za-z0-9]+)+$/.test(name))
        this.add(path, component, 'is no name of a component', 'correct its name');
      return this.checkPrefixes(component.children, path, own);
    }
    if (!known.passes.includes(pass))
      this.add(path, component, `has no place in the pass ${pass}`, `put it in ${known.passes.join(' or ')}`);
    this.checkChildren(component, known.children, path, pass);
    this.checkPrefixes(component.children, path, own);
    if (name === 'Microsoft-Windows-Setup') diskFaults(component, path, this.faults);
  }

  private checkAttributes(component: Element, path: string): void {
    const {
      processorArchitecture: architecture,
      publicKeyToken,
      language,
      versionScope,
    } = component.attributes;
    const wrong = (attribute: string, message: string, remedy: string): void =>
      this.add(`${path}@${attribute}`, component, message, remedy, component.attributes[attribute]);
    if (architecture === undefined || !ARCHITECTURES.includes(architecture))
      wrong(
        'processorArchitecture',
        'is no processor architecture: the component is skipped',
        didYouMean(architecture ?? '', ARCHITECTURES, 'write amd64 or arm64'),
      );
    else if (!this.architectures.has(architecture)) {
      const [[other, first] = []] = this.architectures;
      if (other !== undefined && first)
        wrong(
          'processorArchitecture',
          `is ${architecture}, but ${other} on line ${first.line}: one medium installs one of them`,
          'write the same everywhere',
        );
      this.architectures.set(architecture, component);
    }
    if (publicKeyToken !== TOKEN)
      wrong('publicKeyToken', 'is not the one of Windows: the component is skipped', `write ${TOKEN}`);
    if (language !== 'neutral') wrong('language', 'must be neutral', 'write neutral');
    if (versionScope !== 'nonSxS') wrong('versionScope', 'must be nonSxS', 'write nonSxS');
  }

  private checkChildren(parent: Element, known: Record<string, Setting>, path: string, pass: Pass): void {
    const seen = new Map<string, Element>();
    const keys = new Map<string, Element>();
    for (const child of parent.children) {
      const at = `${path}/${child.name}`;
      const setting = Object.hasOwn(known, child.name) ? known[child.name] : undefined;
      if (!setting) {
        this.add(
          at,
          child,
          `is an unknown element of ${parent.attributes['name'] ?? parent.name}`,
          didYouMean(child.name, Object.keys(known), 'remove it'),
        );
        continue;
      }
      const rule = typeof setting === 'string' ? { leaf: setting } : setting;
      if (rule.passes && !rule.passes.includes(pass))
        this.add(at, child, `has no place in the pass ${pass}`, `put it in ${rule.passes.join(' or ')}`);
      const earlier = seen.get(child.name);
      if (earlier && !('list' in rule && rule.list))
        this.add(at, child, `stands twice, first on line ${earlier.line}`, 'keep one');
      seen.set(child.name, child);
      if ('keyed' in rule && rule.keyed) this.checkKey(child, at, keys);
      if ('leaf' in rule) this.checkLeaf(child, rule.leaf, at);
      else this.checkGroup(child, rule, at, pass);
    }
    this.checkOrders(parent, path);
  }

  private checkGroup(element: Element, { children }: Group, path: string, pass: Pass): void {
    if (element.text !== '')
      this.add(
        path,
        element,
        'holds text where elements are expected',
        'put it in the element that it belongs to',
        element.text,
      );
    if ('PlainText' in children) this.faults.push(...passwordFaults(element, path));
    this.checkChildren(element, children, path, pass);
  }

  private checkLeaf(element: Element, leaf: Exclude<Setting, object>, path: string): void {
    if (leaf === 'any') return;
    if (element.children.length > 0)
      return this.add(path, element, 'holds elements where a value is expected', 'write its value alone');
    const fault = leafFault(leaf, element.text);
    if (fault)
      this.add(
        path,
        element,
        fault.message,
        fault.remedy,
        leaf === 'secret' || leaf === 'password' ? undefined : element.text,
      );
  }

  private checkKey(element: Element, path: string, seen: Map<string, Element>): void {
    const key = element.attributes['wcm:keyValue'];
    // MetaData is found by its own Key too.
    if (key === undefined && element.name === 'MetaData') return;
    if (key === undefined || key === '')
      return this.add(
        path,
        element,
        'has no wcm:keyValue: Setup stops at it',
        'write wcm:keyValue="1", another number for each',
      );
    const earlier = seen.get(`${element.name} ${key}`);
    if (earlier)
      this.add(
        path,
        element,
        `has the wcm:keyValue of the one on line ${earlier.line}: one replaces the other`,
        'give each its own',
        key,
      );
    seen.set(`${element.name} ${key}`, element);
  }

  /** Order among the items of one list: unique, and as they stand. */
  private checkOrders(parent: Element, path: string): void {
    let previous = 0;
    const seen = new Map<string, Element>();
    for (const item of parent.children) {
      const order = item.children.find(({ name }) => name === 'Order');
      const at = `${path}/${item.name}/Order`;
      if (!order) {
        if (/Command$|^(Create|Modify)Partition$/.test(item.name))
          this.add(at, item, 'is missing', 'number them 1, 2, 3 …');
        continue;
      }
      if (!/^\d+$/.test(order.text)) continue;
      const earlier = seen.get(order.text);
      if (earlier)
        this.add(
          at,
          order,
          `${order.text} is the Order of the one on line ${earlier.line} too`,
          'number them 1, 2, 3 …',
          order.text,
        );
      else if (Number(order.text) < previous)
        this.add(
          at,
          order,
          `comes after ${previous}: they run in another order than they stand`,
          'sort them by Order',
          order.text,
        );
      else if (Number(order.text) < 1)
        this.add(at, order, 'must be 1 or more', 'number them 1, 2, 3 …', order.text);
      seen.set(order.text, order);
      previous = Math.max(previous, Number(order.text));
    }
  }

  /** `wcm:` means something only where it is declared, and its action is one of a few words. */
  private checkPrefixes(elements: Element[], path: string, config: string | undefined): void {
    for (const element of elements) {
      const own = element.attributes['xmlns:wcm'] ?? config;
      const at = `${path}/${element.name}`;
      const action = element.attributes['wcm:action'];
      if ((action !== undefined || element.attributes['wcm:keyValue'] !== undefined) && own !== CONFIG)
        this.add(
          at,
          element,
          'uses wcm:, which is not declared',
          `write xmlns:wcm="${CONFIG}" at the component`,
        );
      if (action !== undefined && !ACTIONS.includes(action))
        this.add(
          `${at}@wcm:action`,
          element,
          'is no action',
          didYouMean(action, ACTIONS, 'write add'),
          action,
        );
      for (const attribute of Object.keys(element.attributes))
        if (/^wcm:/.test(attribute) && !['wcm:action', 'wcm:keyValue'].includes(attribute))
          this.add(
            `${at}@${attribute}`,
            element,
            'is an unknown attribute',
            didYouMean(attribute, ['wcm:action', 'wcm:keyValue'], 'remove it'),
          );
      this.checkPrefixes(element.children, at, own);
    }
  }

  private add(path: string, { line }: Element, message: string, remedy: string, value?: string): void {
    this.faults.push({
      path,
      ...(value === undefined || value === '' ? {} : { value: shown(value) }),
      message,
      remedy,
      line,
    });
  }
}
