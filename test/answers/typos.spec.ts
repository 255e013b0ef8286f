import { describe, expect, it } from '@jest/globals';
import { parse } from 'yaml';
import { readSubject, type Subject, faultsOf } from './subjects.js';

/** A name with one letter gone: what nobody chose for a table. */
const typo = (name: string): string => name.slice(0, 2) + name.slice(3);

/** Below these a key is a name that the author chooses. */
const FREE = ['ethernets', 'bonds', 'bridges', 'vlans', 'reporting', 'sources', 'config'];

/** Every key of a document with its path, except names that are free. */
function keysOf(value: unknown, path: string[] = []): string[][] {
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([key, inner]) => {
    const own = [...path, key];
    const free = Array.isArray(value) || FREE.includes(path.at(-1) ?? '') || key.length < 4;
    return [...(free ? [] : [own]), ...keysOf(inner, own)];
  });
}

function misspelt(value: unknown, [key = '', ...rest]: string[]): unknown {
  if (Array.isArray(value))
    return value.map((inner: unknown, index) => (String(index) === key ? misspelt(inner, rest) : inner));
  return Object.fromEntries(
    Object.entries(value as object).map(([name, inner]) =>
      name === key
        ? [rest.length === 0 ? typo(name) : name, rest.length === 0 ? inner : misspelt(inner, rest)]
        : [name, inner],
    ),
  );
}

describe('every key of a YAML answer, with one letter gone,', () => {
  const subjects: Subject[] = [
    'autoinstall, all of a request',
    'autoinstall, least',
    'autoinstall, own storage',
    'autoinstall.yaml',
    'cloud-config, all of a request',
    'cloud-config, by hand',
    'meta-data',
    'network-config',
    'network-config, version 1',
    'request Ubuntu',
    'request Windows',
    'request Fedora',
  ];
  it.each(subjects)('is refused where it stands: %s', (subject) => {
    const { text } = readSubject(subject);
    const value = parse(text, { version: subject.startsWith('request') ? '1.2' : '1.1' }) as unknown;
    const keys = keysOf(value);
    expect(keys.length).toBeGreaterThan(1);
    const header = text.startsWith('#cloud-config') ? '#cloud-config\n' : '';
    const missed = keys.filter((path) => {
      // JSON is YAML: every text stays text.
      const changed = `${header}${JSON.stringify(misspelt(value, path))}`;
      const place = [...path.slice(0, -1), typo(path.at(-1) ?? '')].join('.');
      const found = faultsOf(subject, changed);
      // A misspelt word that says what a thing is, is missing where it belongs.
      return !found.some((fault) => fault.path === place || fault.path === path.join('.'));
    });
    expect(missed.map((path) => path.join('.'))).toEqual([]);
  });
});

describe('every command and option of a kickstart, with one letter gone,', () => {
  it.each(['kickstart F43', 'kickstart RHEL 8', 'kickstart RHEL 9', 'kickstart RHEL 10'] as Subject[])(
    'is refused: %s',
    (subject) => {
      const lines = readSubject(subject).text.split('\n');
      let tried = 0;
      let open = false;
      const missed = lines.flatMap((line, index) => {
        const inside = open;
        if (line.startsWith('%') && !line.startsWith('%include')) open = line !== '%end';
        if (inside || line === '' || /^(#|%include)/.test(line)) return [];
        // Addons and authselect have options of other programs.
        const words = /^(%addon|auth|authselect) /.test(line)
          ? []
          : [...line.matchAll(/(?<=--)[a-z][a-z-]{3,}/g)];
        const name = /^[%a-z][a-z-]{3,}/.exec(line);
        return [...(name ? [name] : []), ...words].flatMap(({ 0: word, index: at = 0 }) => {
          tried += 1;
          const changed = [...lines];
          changed[index] = `${line.slice(0, at)}${typo(word)}${line.slice(at + word.length)}`;
          return faultsOf(subject, changed.join('\n')).some((fault) => fault.line === index + 1)
            ? []
            : [`${index + 1}: ${changed[index]}`];
        });
      });
      expect(tried).toBeGreaterThan(20);
      expect(missed).toEqual([]);
    },
  );
});

describe('every element of a Windows answer, with one letter gone,', () => {
  it.each(['autounattend UEFI', 'autounattend BIOS'] as Subject[])('is refused: %s', (subject) => {
    const { text } = readSubject(subject);
    const lines = text.split('\n');
    let tried = 0;
    // One line holds both ends of an element, or one end of it.
    const missed = [...text.matchAll(/<([A-Za-z][A-Za-z-]{3,})( [^>]*)?>[^<]*<\/\1>/g)].flatMap(
      ({ 0: element, 1: name = '', index }) => {
        if (['IEHardenAdmin', 'WillReboot'].includes(name)) return [];
        tried += 1;
        const changed =
          text.slice(0, index) +
          element.replaceAll(name, () => typo(name)) +
          text.slice(index + element.length);
        return faultsOf(subject, changed).some((fault) => fault.path.endsWith(`/${typo(name)}`))
          ? []
          : [name];
      },
    );
    expect(lines.length).toBeGreaterThan(100);
    expect(tried).toBeGreaterThan(30);
    expect(missed).toEqual([]);
  });
});
