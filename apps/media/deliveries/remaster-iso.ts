import { mkdir, rename, rm, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { MediaError } from '../codes.js';
import type { SeedFile } from '../families/seed-file.js';
import { type Installer, installerBoot } from '../families/installer.js';
import { automaticGrubMenu, automaticIsolinuxMenu, BOOT_MENUS, FAT_BOOT_MENU } from './boot-menu.js';
import type { VendorIso } from '../vendor/vendor-iso.js';
import { bootEntries } from '../vendor/el-torito.js';
import { ImageFile, lengthOf } from '../vendor/image-file.js';
import { Iso9660, SECTOR } from '../vendor/iso9660.js';
import { writeSeedFolder } from '../image/seed-folder.js';
import { isForOthers, octal, SEED_MODES, xorrisoDate } from '../image/iso.js';
import { MCOPY, MTYPE, runTool, XORRISO } from '../image/tool.js';
import { withVendorIso } from '../vendor/identify.js';
import { finishFile, type WrittenFile } from '../image/written-file.js';

/** Copying gigabytes takes its time. */
const DEADLINE_MS = 600_000;
/** A menu has some kilobytes. */
const MAX_MENU_BYTES = 1024 * 1024;

/**
 * A copy of the vendor's ISO with the seed and a menu that asks nothing inside, its boot sectors as the
 * vendor made them. The last resort: it takes the size of the ISO again, and seconds instead of milliseconds.
 * The input is only read.
 * @param folder a folder that does not exist yet; it is gone afterwards
 * @throws AppError `media.remaster_no_menu` (400) for an ISO without a boot menu that is known,
 * `media.image_failed` (500), `media.<tool>_missing` (503)
 */
export async function remasterIso(options: {
  iso: VendorIso;
  installer: Installer;
  folder: string;
  image: string;
  files: SeedFile[];
  sourceDateEpoch: number;
}): Promise<WrittenFile> {
  const { iso, installer, folder, image, files, sourceDateEpoch } = options;
  const boot = installerBoot(installer, iso, 'vendor-iso');
  const unfinished = `${image}.part`;
  try {
    await mkdir(folder, { recursive: true, mode: 0o700 });
    const seed = join(folder, 'seed');
    await writeSeedFolder(seed, files);
    const menus = await changedMenus(iso.path, folder, (text, language) =>
      language === 'grub' ? automaticGrubMenu(text, boot) : automaticIsolinuxMenu(text, boot),
    );
    const own = (name: string): string => `${installer.remasteredSeed}/${name}`;
    const maps = [
      ...files.map(({ name }) => [join(seed, name), own(name)]),
      ...menus.map(({ from, to }) => [from, to]),
    ];
    const secret = files.map(({ name }) => own(name));
    const folders = foldersOf(files, installer);
    await runTool(
      XORRISO,
      [
        ...['-abort_on', 'FAILURE', '-volume_date', 'uuid', xorrisoDate(sourceDateEpoch)],
        ...['-indev', iso.path, '-outdev', unfinished, '-boot_image', 'any', 'replay'],
        ...maps.flatMap(([from = '', to = '']) => ['-map', from, to]),
        // What the vendor put in stays readable; so do the menus, which hold no secret.
        ...ownedByRoot(secret, SEED_MODES.file),
        ...ownedByRoot(folders, SEED_MODES.folder),
        ...ownedByRoot(
          menus.map(({ to }) => to),
          0o444,
        ),
        '-commit',
      ],
      { sourceDateEpoch, deadlineMs: DEADLINE_MS },
    );
    await changeFatMenus(unfinished, folder, sourceDateEpoch, (text) => automaticGrubMenu(text, boot));
    await check(unfinished, iso, maps, [...secret, ...folders]);
    const written = await finishFile(unfinished, 'remaster');
    await rename(unfinished, image);
    return { ...written, name: basename(image) };
  } finally {
    await rm(folder, { recursive: true, force: true });
    await rm(unfinished, { force: true });
  }
}

/** The folders that the seed brings, other than the root of the image. */
function foldersOf(files: SeedFile[], { remasteredSeed }: Installer): string[] {
  const inside = files.flatMap(({ name }) => name.split('/').slice(0, -1).slice(0, 1));
  return [...new Set([remasteredSeed, ...inside.map((name) => `${remasteredSeed}/${name}`)])].filter(
    (path) => path !== '',
  );
}

/** Commands of xorriso. */
function ownedByRoot(paths: string[], mode: number): string[] {
  if (paths.length === 0) return [];
  return [
    ...['-chown', '0', ...paths, '--', '-chgrp', '0', ...paths, '--'],
    ...['-chmod', octal(mode), ...paths, '--'],
  ];
}

type Change = (text: string, language: 'grub' | 'isolinux') => string;

async function changedMenus(
  path: string,
  folder: string,
  change: Change,
): Promise<{ from: string; to: string }[]> {
  const menus = await withVendorIso(path, async (file) => {
    const volume = await Iso9660.open(file);
    const found: { from: string; to: string }[] = [];
    for (const menu of BOOT_MENUS) {
      const extents = await volume?.find(menu.path);
      if (!extents || lengthOf(extents) > MAX_MENU_BYTES) continue;
      const text = (await file.readFrom(extents, 0, lengthOf(extents))).toString('utf8');
      const from = join(folder, `menu-${found.length}`);
      await writeFile(from, change(text, menu.language));
      found.push({ from, to: `/${menu.path}` });
    }
    return found;
  });
  if (menus.length === 0)
    throw new MediaError(
      'media.remaster_no_menu',
      `vendorIso: ${path} has none of the boot menus ${BOOT_MENUS.map((menu) => menu.path).join(', ')}: use delivery chain, which needs none`,
    );
  return menus;
}

/** Anaconda's media boot UEFI from a FAT image that has a menu of its own: it is changed where it lies. */
async function changeFatMenus(
  image: string,
  folder: string,
  sourceDateEpoch: number,
  change: (text: string) => string,
): Promise<void> {
  for (const { platform, sector } of await entriesOf(image)) {
    if (platform !== 'uefi') continue;
    const fat = `${image}@@${sector * SECTOR}`;
    const { code, printed } = await runTool(MTYPE, ['-i', fat, `::/${FAT_BOOT_MENU}`], {
      acceptFailure: true,
    });
    if (code !== 0) continue;
    const menu = join(folder, 'fat-menu');
    await writeFile(menu, change(printed));
    await runTool(MCOPY, ['-o', '-i', fat, menu, `::/${FAT_BOOT_MENU}`], { sourceDateEpoch });
  }
}

async function entriesOf(image: string): ReturnType<typeof bootEntries> {
  const file = await ImageFile.open(image);
  try {
    const volume = await Iso9660.open(file);
    return volume ? await bootEntries(file, volume) : [];
  } finally {
    await file.close();
  }
}

/** What was put in is there and root's alone where it is secret, and it boots for what the vendor's did. */
async function check(image: string, iso: VendorIso, maps: string[][], secret: string[]): Promise<void> {
  const file = await ImageFile.open(image);
  try {
    const volume = await Iso9660.open(file);
    const missing: string[] = [];
    for (const [, path = ''] of maps) if (!(await volume?.has(path))) missing.push(path);
    for (const path of secret)
      if (isForOthers(await volume?.permissions(path))) missing.push(`that ${path} is root's alone`);
    const platforms = volume ? (await bootEntries(file, volume)).map(({ platform }) => platform) : [];
    for (const platform of ['bios', 'uefi'] as const)
      if (iso[platform] && !platforms.includes(platform)) missing.push(`the boot image for ${platform}`);
    if (volume?.label !== iso.volumeId) missing.push(`the volume id ${iso.volumeId}`);
    if (missing.length > 0)
      throw new MediaError(
        'media.image_failed',
        `the remastered image was read back and lacks ${missing.join(', ')}`,
      );
  } finally {
    await file.close();
  }
}
