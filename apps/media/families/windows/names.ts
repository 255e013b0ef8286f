import { findWindows } from 'windows-iana';

/**
 * Windows spells locales with their script where a language has two. Source: Microsoft's [MS-LCID], "Appendix
 * A".
 */
const WITH_SCRIPT: Readonly<Record<string, string>> = {
  'az-AZ': 'az-Latn-AZ',
  'bs-BA': 'bs-Latn-BA',
  'sr-RS': 'sr-Latn-RS',
  'tg-TJ': 'tg-Cyrl-TJ',
  'uz-UZ': 'uz-Latn-UZ',
};

/**
 * [MS-LCID] lists these without a number of their own; a system locale needs one. With the locale to take
 * instead.
 */
const WITHOUT_LCID: Readonly<Record<string, string>> = {
  'de-BE': 'de-DE',
  'de-IT': 'de-DE',
  'el-CY': 'el-GR',
  'ru-UA': 'ru-RU',
  'tr-CY': 'tr-TR',
};

/** The locale as Windows spells it, or what to take instead. */
export function windowsLocale(locale: string): { locale: string } | { instead: string } {
  const instead = WITHOUT_LCID[locale];
  return instead ? { instead } : { locale: WITH_SCRIPT[locale] ?? locale };
}

/**
 * XKB layout, or layout/variant, to the identifier of Windows' own layout for the same keyboard. Source of
 * the identifiers: Microsoft, "Keyboard identifiers and input method editors for Windows". A layout without
 * an entry has none there.
 */
const KEYBOARDS: Readonly<Record<string, string>> = Object.fromEntries(
  (
    'af=00000463 al=0000041c am=0000042b ara=00000401 ara/azerty=00020401 at=00000407 au=00000409 az=0000042c az/cyrillic=0000082c ' +
    'ba=0000041a bd=00000445 be=0000080c bg=00030402 bg/phonetic=00040402 bg/bas_phonetic=00020402 br=00010416 by=00000423 ' +
    'ca=00001009 ca/fr=00001009 ca/fr-legacy=00000c0c ca/multix=00011009 ca/eng=00000409 ch=00000807 ch/de=00000807 ch/fr=0000100c cn=00000804 ' +
    'cz=00000405 cz/qwerty=00010405 de=00000407 dk=00000406 ee=00000425 es=0000040a fi=0000040b fo=00000438 fr=0000040c ' +
    'gb=00000809 gb/extd=00000452 ge=00000437 gr=00000408 gr/polytonic=00060408 hr=0000041a hu=0000040e hu/101_qwerty_comma_dead=0001040e ' +
    'id=00000409 ie=00001809 il=0000040d in=00000439 in/tam=00000449 in/tel=0000044a in/kan=0000044b in/mal=0000044c in/guj=00000447 ' +
    'in/mar=0000044e in/ben=00000445 in/guru=00000446 iq=00000401 ir=00000429 is=0000040f it=00000410 jp=00000411 kg=00000440 kh=00000453 ' +
    'kr=00000412 kz=0000043f la=00000454 latam=0000080a lk=0000045b lt=00010427 lv=00000426 ma=00000401 mk=0000042f mn=00000450 mt=0000043a ' +
    'mv=00000465 my=00000409 nl=00000413 no=00000414 np=00000461 ph=00000409 pk=00000420 pl=00000415 pt=00000816 ' +
    'ro=00010418 rs=00000c1a rs/latin=0000081a ru=00000419 ru/typewriter=00010419 se=0000041d si=00000424 sk=0000041b sk/qwerty=0001041b ' +
    'sy=00000401 th=0000041e th/pat=0001041e tj=00000428 tm=00000442 tr=0000041f tr/f=0001041f tw=00000404 ua=00020422 ' +
    'us=00000409 us/intl=00020409 us/dvorak=00010409 us/dvorak-l=00030409 us/dvorak-r=00040409 uz=00000843 vn=0000042a za=00000409'
  )
    .split(' ')
    .map((entry) => entry.split('=') as [string, string]),
);

export const windowsKeyboards = (): readonly string[] => Object.keys(KEYBOARDS);

/**
 * `language:layout` as the answer file takes it (Microsoft, "InputLocale"), or null when Windows has no such
 * layout.
 */
export function inputLocale({
  layout,
  variant,
}: {
  layout: string;
  variant?: string | undefined;
}): string | null {
  const keyboard = KEYBOARDS[variant ? `${layout}/${variant}` : layout];
  // The lower half of a layout's identifier is the language that it is for.
  return keyboard ? `${keyboard.slice(4)}:${keyboard}` : null;
}

/** Windows' name of an IANA zone by CLDR's table, or null for one that CLDR does not map. */
export function windowsTimeZone(zone: string): string | null {
  const [name] = findWindows(zone);
  return name ?? null;
}
