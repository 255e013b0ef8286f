import type { MediaRequest } from '#protocol';
import type { MachineFile } from './agent-files.js';

/**
 * Console keymaps that kbd makes from XKB layouts bear the same names; those of other scripts have none.
 */
const CONSOLE_LAYOUTS = new Set(
  'at be br ca ch cz de dk ee es fi fr gb hr hu ie is it latam lt lv nl no pl pt ro se si sk tr us'.split(
    ' ',
  ),
);

/** The console keymap of a layout, such as `de-nodeadkeys`; null when there is none. */
export function consoleKeymap({ keyboard: { layout, variant } }: MediaRequest): string | null {
  if (!CONSOLE_LAYOUTS.has(layout)) return null;
  return variant ? `${layout}-${variant}` : layout;
}

/**
 * The console's keyboard where cloud-init has no module for it; the font is the one that Anaconda writes
 * (vconsole.conf(5)).
 */
export function vconsoleFile(request: MediaRequest): MachineFile[] {
  const keymap = consoleKeymap(request);
  if (keymap === null) return [];
  return [{ path: '/etc/vconsole.conf', mode: '0644', content: `KEYMAP="${keymap}"\nFONT="eurlatgr"\n` }];
}
