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
