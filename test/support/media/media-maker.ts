/**
 * A process that makes media of one kind, one after the other, from SIGUSR2 on until it is killed. It says
 * `ready` when it can begin. Arguments: the folder of all media, and the kind.
 */
import { randomUUID } from 'node:crypto';
import { rm } from 'node:fs/promises';
import { registerHooks } from 'node:module';
import { join } from 'node:path';

// Errors are all that images take from the runtime: without the rest of it a maker is ready in a third of the
// time.
const SOURCES: Record<string, string> = {
  '#runtime': new URL('../../../libs/runtime/app-error.ts', import.meta.url).href,
  '#script-files': new URL('../../../libs/script-files/index.ts', import.meta.url).href,
};
registerHooks({
  resolve: (specifier, context, next) => next(SOURCES[specifier] ?? specifier, context),
});
const { makeChainIso } = await import('../../../apps/media/deliveries/chain-iso.js');
const { MediaFolder } = await import('../../../apps/media/store/media-folder.js');
const { writeSeedFolder } = await import('../../../apps/media/image/seed-folder.js');
const { makeSeedImage } = await import('../../../apps/media/image/iso.js');
const { makeBootableSeed } = await import('../../../apps/media/image/seed-image.js');
const { SUBIQUITY } = await import('../../../apps/media/families/ubuntu/installer.js');

const TEXT = 'text of an answer file\n'.repeat(2000);
const sourceDateEpoch = 0;

const makers: Record<string, (building: string) => Promise<unknown>> = {
  seed: async (building) => {
    const [folder, image] = [join(building, 'cidata'), join(building, 'seed.iso')];
    const names = await writeSeedFolder(folder, [{ name: 'user-data', content: TEXT }]);
    await makeSeedImage({ folder, image, label: 'CIDATA', names, sourceDateEpoch });
    await rm(folder, { recursive: true });
  },
  chain: (building) =>
    makeChainIso({
      ...{ folder: join(building, 'cidata'), image: join(building, 'chain.iso'), sourceDateEpoch },
      ...{ installer: SUBIQUITY, label: 'CIDATA', iso: { volumeId: 'Vendor', uuid: null } },
      files: [{ name: 'user-data', content: TEXT }],
    }),
  windows: async (building) => {
    const [folder, image] = [join(building, 'contents'), join(building, 'seed.img')];
    const copied = ['a.sys', 'b.cat', 'c.inf'].map((name) => ({
      name: `$WinPEDriver$/a driver/${name}`,
      from: import.meta.filename,
    }));
    const files = [{ name: 'autounattend.xml', content: TEXT }];
    const loader = { config: TEXT, modules: ['normal'] };
    const named = { label: 'INFINIBAY', mediaId: 'medium' };
    await makeBootableSeed({ folder, image, files, copied, loader, ...named, sourceDateEpoch });
    await rm(folder, { recursive: true });
  },
};

const [, , path = '', kind = ''] = process.argv;
const make = makers[kind];
if (!make) throw new Error(`no medium is of the kind ${kind}`);
const folder = new MediaFolder(path);
const wait = setInterval(() => undefined, 60_000);
process.once('SIGUSR2', () => {
  clearInterval(wait);
  void (async () => {
    for (;;) await folder.publish(randomUUID(), make);
  })();
});
console.log('ready');
