import { errorsOf, type Catalogue } from '#runtime';

const ISO_AGAIN = 'download it again, and compare its sha256';

export const MEDIA_CODES = {
  'media.not_found': {
    status: 404,
    when: 'There is no medium of that id, or it was deleted.',
    remedy: 'make it with POST /api/media',
  },
  'media.not_ready': {
    status: 409,
    when: 'The medium is still being made.',
    remedy: 'ask again in some seconds',
  },
  'media.exists': {
    status: 409,
    when: 'The machine has a medium already.',
    remedy: 'delete it, or send replace: true',
  },
  'media.in_progress': {
    status: 409,
    retryAfterSeconds: 5,
    when: 'The first request with this Idempotency-Key, or requestId over the bus, is still making its medium.',
    remedy: 'try again in some seconds, under the same one',
  },
  'media.request_reused': {
    status: 409,
    when: 'The Idempotency-Key, or the requestId over the bus, was used for another request, or for a medium that was deleted.',
    remedy: 'send this request under a new one',
  },
  'media.file_not_found': {
    status: 404,
    when: 'The medium has no file of that name.',
    remedy: 'take a name of its files',
  },
  'media.file_gone': {
    status: 410,
    when: 'The file was removed from the disk by something else.',
    remedy: 'make the medium again with replace: true',
  },
  'media.quota_exceeded': {
    status: 507,
    when: 'All media together would take more than MEDIA_QUOTA_MIB.',
    remedy: 'delete media that are installed, or raise MEDIA_QUOTA_MIB',
  },
  'media.disk_full': {
    status: 507,
    when: 'The disk that media are written to has too little room; nothing was kept.',
    remedy: 'make room there and send the request again',
  },
  'media.app_host_unreachable': {
    status: 400,
    when: 'APP_HOST is an address that no guest can reach.',
    remedy: "set APP_HOST to this machine's name or address in the guests' network",
  },
  'media.artifact_missing': {
    status: 409,
    when: 'The distribution app has no agent, or no installer of it, for what is to be installed.',
    remedy:
      'npm run build:agent for Linux; for Windows put its files under $INFINIBAY_BASE_DIR/infiniservice',
  },
  'media.answer_file_invalid': {
    status: 500,
    when: 'The answer file that was made would not be taken by its installer; nothing was kept.',
    remedy: 'report it with the request, without its passwords',
  },
  'media.image_failed': {
    status: 500,
    when: 'A tool failed, or an image was read back and is not what was asked for; nothing was kept.',
    remedy:
      "look at the media app's log; over HTTP, the console's log names the id there under this correlationId",
  },
  'media.seed_not_fat': {
    status: 422,
    when: 'A seed cannot be a FAT image: a name, or more than 2 GB.',
    remedy: 'ask for fewer or other drivers, or for a seed that is not bootable',
  },
  'media.remaster_no_menu': {
    status: 400,
    when: 'The ISO has none of the boot menus that are known.',
    remedy: 'use delivery chain, which needs none',
  },
  'media.drivers': {
    status: 422,
    when: 'The tree of drivers lacks what was asked for.',
    remedy: 'give a whole virtio-win ISO, or the folder of one',
  },
  'media.xorriso_missing': {
    status: 503,
    when: 'The media app does not find xorriso.',
    remedy: 'install xorriso on its machine',
  },
  'media.grub_mkimage_missing': {
    status: 503,
    when: 'The media app does not find grub-mkimage.',
    remedy: 'install GRUB and its modules on its machine; the message has the command',
  },
  'media.mcopy_missing': {
    status: 503,
    when: 'The media app does not find mcopy.',
    remedy: 'install mtools on its machine',
  },
  'media.mtype_missing': {
    status: 503,
    when: 'The media app does not find mtype.',
    remedy: 'install mtools on its machine',
  },
  'media.vendor_iso_missing': {
    status: 400,
    when: 'vendorIso cannot be opened.',
    remedy: 'give the path of a file that the media app may read',
  },
  'media.vendor_iso_empty': { status: 400, when: 'vendorIso has no bytes.', remedy: ISO_AGAIN },
  'media.vendor_iso_html': {
    status: 400,
    when: 'vendorIso is a web page.',
    remedy: 'open it in an editor to see what the page says, and download the file itself',
  },
  'media.vendor_iso_not_iso': {
    status: 400,
    when: 'vendorIso is no ISO image.',
    remedy: "give the vendor's ISO",
  },
  'media.vendor_iso_truncated': {
    status: 400,
    when: 'vendorIso is shorter than it says.',
    remedy: 'the download broke off: continue it or download it again',
  },
  'media.vendor_iso_damaged': {
    status: 400,
    when: 'vendorIso cannot be read to its end.',
    remedy: ISO_AGAIN,
  },
  'media.vendor_iso_unknown': {
    status: 400,
    when: 'vendorIso is no install medium that is known here.',
    remedy:
      'give the ISO of Windows 10 or later, Ubuntu, Fedora, RHEL, Rocky Linux or AlmaLinux as its vendor publishes it',
  },
  'media.vendor_iso_no_kernel': {
    status: 400,
    when: "vendorIso lacks the installer's kernel.",
    remedy: "give the installer's ISO, not a copy of parts of it",
  },
} as const satisfies Catalogue;

export class MediaError extends errorsOf(MEDIA_CODES) {}
