import type { Fault } from '#protocol';
import type { Element } from './xml.js';

/**
 * A password as Setup hides it: base64 of UTF-16LE of the password and the name of its element. Anybody can
 * read it back, but nobody reads it by accident; what does not end in the name is not what Setup takes for a
 * password.
 */
export function passwordFaults(element: Element, path: string): Fault[] {
  const child = (name: string): Element | undefined =>
    element.children.find((candidate) => candidate.name === name);
  const value = child('Value');
  const plain = child('PlainText');
  const text = value?.text ?? '';
  // No password at all has nothing to hide.
  if (text === '') return [];
  if (plain?.text !== 'false')
    return [
      {
        path: `${path}/PlainText`,
        message: plain
          ? 'says that the password stands here in plain words'
          : 'is missing: the value counts as a password in plain words',
        remedy: `encode it (base64 of UTF-16LE of the password and the word ${element.name}) and write <PlainText>false</PlainText>`,
        line: (plain ?? element).line,
      },
    ];
  const decoded = /^[A-Za-z0-9+/]+={0,2}$/.test(text) ? utf16(text) : null;
  if (decoded?.endsWith(element.name)) return [];
  return [
    {
      path: `${path}/Value`,
      message:
        decoded === null
          ? 'is not base64 of UTF-16LE, which PlainText false says'
          : `does not end in the word ${element.name} when decoded: Setup would take another password`,
      remedy: `encode the password followed by ${element.name}`,
      line: (value ?? element).line,
    },
  ];
}

function utf16(base64: string): string | null {
  const bytes = Buffer.from(base64, 'base64');
  return bytes.length % 2 === 0 ? bytes.toString('utf16le') : null;
}
