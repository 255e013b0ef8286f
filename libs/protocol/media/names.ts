/** XKB layouts of xkeyboard-config's base list (`localectl list-x11-keymap-layouts` on Debian 12). */
export const KEYBOARD_LAYOUTS: readonly string[] =
  'af al am ara at au az ba bd be bg br brai bt bw by ca cd ch cm cn cz de dk dz ee eg epo es et eu fi fo fr gb ge gh gn gr hr hu id ie il in iq ir is it jp jv ke kg kh kr kz la latam lk lt lv ma mao md me mk ml mm mn mt mv my ng nl no np ph pk pl pt ro rs ru se si sk sn sy tg th tj tm tr tw tz ua us uz vn za'.split(
    ' ',
  );

/** Locales that glibc has as UTF-8 and that ICU knows, as BCP 47. */
export const LOCALES: readonly string[] =
  'af-ZA am-ET ar-AE ar-EG ar-SA az-AZ be-BY bg-BG bn-BD bn-IN bs-BA ca-ES cs-CZ cy-GB da-DK de-AT de-BE de-CH de-DE de-IT de-LU el-CY el-GR en-AU en-CA en-GB en-HK en-IE en-IN en-NZ en-SG en-US en-ZA es-AR es-CL es-CO es-CR es-EC es-ES es-MX es-PE es-US es-UY es-VE et-EE eu-ES fa-IR fi-FI fil-PH fr-BE fr-CA fr-CH fr-FR fr-LU ga-IE gl-ES gu-IN he-IL hi-IN hr-HR hu-HU hy-AM id-ID is-IS it-CH it-IT ja-JP ka-GE kk-KZ km-KH kn-IN ko-KR ky-KG lo-LA lt-LT lv-LV mk-MK ml-IN mn-MN mr-IN ms-MY mt-MT nb-NO ne-NP nl-BE nl-NL nn-NO pa-IN pl-PL pt-BR pt-PT ro-RO ru-RU ru-UA si-LK sk-SK sl-SI sq-AL sr-RS sv-FI sv-SE sw-KE ta-IN te-IN tg-TJ th-TH tr-CY tr-TR uk-UA ur-PK uz-UZ vi-VN zh-CN zh-HK zh-SG zh-TW zu-ZA'.split(
    ' ',
  );

/**
 * Users and groups that Debian's base-passwd and Fedora's setup bring: `useradd` refuses a name whose group
 * exists (Debian's own `operator`), and the machine would come up without a login.
 */
const SYSTEM_NAMES = new Set(
  'root daemon bin sys adm tty disk lp mail news uucp man proxy kmem dialout fax voice cdrom floppy tape sudo audio dip www-data backup operator list irc src shadow utmp video sasl plugdev staff games users nogroup nobody sync input render kvm sgx netdev wheel mem lock dbus halt shutdown ftp messagebus syslog sshd polkitd _apt'.split(
    ' ',
  ),
);
export const isSystemName = (name: string): boolean => SYSTEM_NAMES.has(name) || name.startsWith('systemd-');

const layouts = new Set(KEYBOARD_LAYOUTS);
const locales = new Set(LOCALES);

export const isKeyboardLayout = (name: string): boolean => layouts.has(name);
export const isLocale = (name: string): boolean => locales.has(name);

/** `de`, `german` or `Germany`: the code of a language or a country whose name in English it is. */
function codeNamed(value: string, codes: readonly string[]): string | null {
  const wanted = value.slice(0, 64).toLowerCase();
  for (const type of ['language', 'region'] as const) {
    const names = new Intl.DisplayNames('en', { type, fallback: 'none' });
    const found = codes.find((code) => {
      const asked = type === 'region' ? code.toUpperCase() : code;
      return /^[a-z]{2}$/.test(code) && names.of(asked)?.toLowerCase() === wanted;
    });
    if (found) return found;
  }
  return null;
}

/** The layout of a language or a country that was named instead: `german` is de. */
export function meantLayout(value: string): string | null {
  return /^(english|american)$/i.test(value) ? 'us' : codeNamed(value, KEYBOARD_LAYOUTS);
}

/** The locale of a language alone: `de` or `german` is de-DE, `en` is en-US. */
export function meantLocale(value: string): string | null {
  const languages = [...new Set(LOCALES.map((locale) => locale.split('-')[0] ?? ''))];
  const language = languages.find((code) => code === value.toLowerCase()) ?? codeNamed(value, languages);
  if (language === null) return null;
  const likely = new Intl.Locale(language).maximize();
  const all = LOCALES.filter((locale) => locale.startsWith(`${language}-`));
  return all.find((locale) => locale === `${language}-${likely.region}`) ?? all[0] ?? null;
}

/** Ubuntu's releases in words: those with long-term support first, the newest before the older. */
export function longTermFirst(versions: readonly string[]): string {
  const newestFirst = [...versions].sort().reverse();
  const isLongTerm = (version: string): boolean => /^\d[02468]\.04$/.test(version);
  return [...newestFirst.filter(isLongTerm), ...newestFirst.filter((version) => !isLongTerm(version))].join(
    ', ',
  );
}

/** The known name with the least edits, if it is near enough to be what was meant. */
export function nearest(value: string, names: readonly string[]): string | null {
  const wanted = value.slice(0, 64).toLowerCase().replaceAll('_', '-');
  let best: string | null = null;
  let bestDistance = Math.max(2, Math.floor(wanted.length / 2)) + 1;
  for (const name of names) {
    const distance = editDistance(wanted, name.toLowerCase().replaceAll('_', '-'));
    if (distance < bestDistance) [best, bestDistance] = [name, distance];
  }
  return best;
}

function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let i = 1; i <= a.length; i += 1) {
    const next = [i];
    for (let j = 1; j <= b.length; j += 1) {
      const cost = a[i - 1] === b[j - 1] ? 0 : 1;
      next.push(Math.min((row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1, (row[j - 1] ?? 0) + cost));
    }
    row = next;
  }
  return row[b.length] ?? 0;
}
