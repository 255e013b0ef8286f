import { kickstartRelease, type MediaRequest } from '#protocol';
import type { MachineFile } from './agent-files.js';

/**
 * The folder of packages next to the one that was named: RHEL and its kin keep what is not in BaseOS in
 * AppStream. A mirror of another shape has all in one place.
 */
export function appStream(mirror: string): string | null {
  const sibling = mirror.replace(/\/BaseOS\//, '/AppStream/');
  return sibling === mirror ? null : sibling;
}

/**
 * dnf's source of packages on the installed system, from the mirror; gpgcheck with the keys that the release
 * itself brings.
 */
export function mirrorFile({ os, mirror }: MediaRequest): MachineFile[] {
  const release = kickstartRelease(os);
  if (mirror === undefined || !release) return [];
  const section = (id: string, url: string): string =>
    `[${id}]\nname=${id}\nbaseurl=${url}\nenabled=1\ngpgcheck=1\ngpgkey=file://${release.gpgKey}\n`;
  const more = appStream(mirror);
  return [
    {
      path: '/etc/yum.repos.d/infinibay-mirror.repo',
      mode: '0644',
      content:
        section('infinibay-mirror', mirror) + (more ? section('infinibay-mirror-appstream', more) : ''),
    },
  ];
}

/** A line of /etc/dnf/dnf.conf, whose only section is [main]. */
export const proxyLine = (proxy: string): string => `proxy=${proxy}`;

/** glibc's locales are packages of their own; English is always there. */
export function languagePack({ locale }: MediaRequest): string[] {
  const [language] = locale.split('-');
  return language === undefined || language === 'en' ? [] : [`glibc-langpack-${language}`];
}
