import { describe, expect, it } from '@jest/globals';
import { installerBoot } from '../families/installer.js';
import { ANACONDA } from '../families/kickstart/installer.js';
import { automaticGrubMenu, automaticIsolinuxMenu } from './boot-menu.js';

const FEDORA = installerBoot(ANACONDA, { volumeId: 'Fedora-S-dvd-x86_64-43', uuid: null }, 'vendor-iso');

describe('the menu of a remastered ISO', () => {
  it('starts an entry of its own at once, with the root that the vendor looks for, before the vendor’s entries', () => {
    const menu = automaticGrubMenu(
      `set default="1"
set timeout=60
search --no-floppy --set=root -l 'Fedora-S-dvd-x86_64-43'
menuentry 'Test this media' {
	linux /images/pxeboot/vmlinuz rd.live.check
}
`,
      FEDORA,
    );
    expect(menu).toBe(`set default=0
set timeout=0
search --no-floppy --set=root -l 'Fedora-S-dvd-x86_64-43'
menuentry 'Install without questions' {
	linux '/images/pxeboot/vmlinuz' 'inst.stage2=hd:LABEL=Fedora-S-dvd-x86_64-43' 'inst.ks=hd:LABEL=Fedora-S-dvd-x86_64-43:/ks.cfg' 'inst.nosave=all_ks' 'rd.shell=0' 'rd.emergency=poweroff'
	initrd '/images/pxeboot/initrd.img'
}
search --no-floppy --set=root -l 'Fedora-S-dvd-x86_64-43'
menuentry 'Test this media' {
	linux /images/pxeboot/vmlinuz rd.live.check
}
`);
  });

  it('leaves ISOLINUX no screen to wait at', () => {
    const menu = automaticIsolinuxMenu(
      `default vesamenu.c32
timeout 600
ui gfxboot bootlogo
label check
  menu default
  kernel vmlinuz
`,
      FEDORA,
    );
    expect(menu).toMatch(/^default automatic\ntimeout 1\nprompt 0\nlabel automatic\n {2}kernel \/images/);
    expect(menu).not.toMatch(/vesamenu|gfxboot|menu default|600/);
    expect(menu).toContain('label check\n  kernel vmlinuz');
    expect(() => automaticIsolinuxMenu('', { ...FEDORA, arguments: 'a\nlabel b' })).toThrow('line breaks');
  });
});
