/** Makes a plain seed of the JSON order on its standard input, and prints what was made as JSON. */
import { readFileSync } from 'node:fs';
import { registerHooks } from 'node:module';

// Node itself loads this: what the modules under test take from libraries comes from their sources.
const source = (path: string): string => new URL(`../../../libs/${path}.ts`, import.meta.url).href;
const SOURCES: Record<string, string> = {
  '#runtime': source('runtime/app-error'),
  '#script-files': source('script-files/index'),
  '#protocol': source('protocol/index'),
};
registerHooks({
  resolve: (specifier, context, next) => next(SOURCES[specifier] ?? specifier, context),
});
const { makePlainSeed } = await import('../../../apps/media/deliveries/seed.js');
type Order = Parameters<typeof makePlainSeed>[0];

const order = JSON.parse(readFileSync(0, 'utf8')) as Order;
const made = await makePlainSeed({ ...order, logger: { warn: () => undefined } });
process.stdout.write(JSON.stringify(made));
