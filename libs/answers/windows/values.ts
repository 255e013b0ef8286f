import { LOCALES } from '#protocol';
import { addressFault, cidrFault } from '../cloud/addresses.js';
import { didYouMean, shown } from '../fault.js';
import { WINDOWS_ZONES } from '../names/windows-zones.js';
import type { Leaf } from './settings.js';

interface Finding {
  message: string;
  remedy: string;
}
type Check = (value: string) => Finding | null;
const unless = (good: boolean, message: string, remedy: string): Finding | null =>
  good ? null : { message, remedy };

const USER_NAME = /^(?!\s)[^"/\\[\]:;|=,+*?<>@%]{1,20}(?<![.\s])$/;

/**
 * What is wrong with the value of a leaf, or null. Values of passwords are looked at where their element's
 * name is known.
 */
export function leafFault(leaf: Leaf, value: string): Finding | null {
  return CHECKS[leaf]?.(value) ?? null;
}

const CHECKS: Partial<Record<Leaf, Check>> = {
  boolean: (value) =>
    unless(/^(true|false)$/.test(value), 'must be true or false', 'write true or false, in lower case'),
  number: (value) => unless(/^\d+$/.test(value), 'must be a whole number', 'write digits alone'),
  show: (value) =>
    unless(
      ['Always', 'Never', 'OnError'].includes(value),
      'must be Always, Never or OnError',
      didYouMean(value, ['Always', 'Never', 'OnError'], 'use OnError'),
    ),
  command259: (value) => command(value, 259),
  command1024: (value) => command(value, 1024),
  locale: localeFault,
  inputLocale: (value) =>
    value
      .split(';')
      .map((part) =>
        /^[0-9A-Fa-f]{4}:([0-9A-Fa-f]{8}|\{[0-9A-Fa-f-]{36}\}(\{[0-9A-Fa-f-]{36}\})?)$/.test(part.trim())
          ? null
          : inputFault(part.trim()),
      )
      .find((fault) => fault !== null) ?? null,
  zone: (value) =>
    unless(
      WINDOWS_ZONES.includes(value.replace(/_dstoff$/, '')),
      `${JSON.stringify(shown(value))} is not a time zone of Windows`,
      didYouMean(value, WINDOWS_ZONES, 'give one that tzutil /l lists, such as UTC'),
    ),
  computerName: (value) =>
    value === '*'
      ? null
      : unless(
          value.length <= 15 && /^[A-Za-z0-9_-]+$/.test(value) && !/^\d+$/.test(value),
          'must be a computer name: 1 to 15 letters, digits and hyphens, not digits alone',
          'shorten it; a domain is joined later',
        ),
  userName: (value) =>
    unless(
      USER_NAME.test(value),
      'must be a Windows user name: 1 to 20 characters, none of "/\\[]:;|=,+*?<>@%, no dot or space at its end',
      'choose another',
    ),
  productKey: (value) =>
    unless(
      /^[A-Z0-9]{5}(-[A-Z0-9]{5}){4}$/i.test(value),
      'must be a product key: five groups of five characters',
      'write it as XXXXX-XXXXX-XXXXX-XXXXX-XXXXX',
    ),
  secret: (value) =>
    unless(
      value === '',
      'is a password in plain words: it would be readable on the medium',
      'leave it out: put what is needed on the medium itself',
    ),
  address: addressFault,
  cidr: (value) => (addressFault(value) ? cidrFault(value) : null),
};

const command = (value: string, most: number): Finding | null =>
  value === ''
    ? { message: 'is empty', remedy: 'give a command' }
    : unless(
        value.length <= most,
        `has ${value.length} characters: Setup takes at most ${most}`,
        'put it in a script on the medium, or shorten it',
      );

const regions = new Intl.DisplayNames('en', { type: 'region', fallback: 'none' });
const languages = new Intl.DisplayNames('en', { type: 'language', fallback: 'none' });

/** A language tag of a language and a region that exist, or the number of a locale. */
function localeFault(value: string): Finding | null {
  if (/^[0-9A-Fa-f]{4}(:[0-9A-Fa-f]{8})?$/.test(value)) return null;
  const [, language = '', region] =
    /^([A-Za-z]{2,3})(?:-[A-Za-z]{4})?(?:-([A-Za-z]{2}|\d{3}))?(?:[-_][A-Za-z0-9]{4,8})?$/.exec(value) ?? [];
  const known =
    language !== '' &&
    languages.of(language.toLowerCase()) !== undefined &&
    (region === undefined || regions.of(region.toUpperCase()) !== undefined);
  return unless(
    known && region !== 'UK',
    `${JSON.stringify(shown(value))} is not a known locale`,
    didYouMean(value, LOCALES, 'give one such as en-US'),
  );
}

/** An input locale by language, or what to write instead. */
function inputFault(value: string): Finding | null {
  const fault = localeFault(value);
  if (!fault && !/^[0-9A-Fa-f]{4}$/.test(value)) return null;
  return {
    message: `${JSON.stringify(shown(value))} is not a known input locale`,
    remedy: fault?.remedy ?? 'give a language such as en-US, or language:layout such as 0409:00000409',
  };
}
