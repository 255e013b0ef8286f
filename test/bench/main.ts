import { writeFileSync } from 'node:fs';
import { cpus, totalmem } from 'node:os';
import { benchAgent } from './agent.js';
import { benchClone } from './clone.js';
import { type Figure, printTable } from './figures.js';
import { benchFleet, benchIdle } from './fleet.js';
import { benchRoundTrip } from './round-trip.js';
import { benchMedia } from './media.js';
import { benchSchedule } from './schedule.js';

const parts: Record<string, () => Promise<Figure[]>> = {
  'round-trip': benchRoundTrip,
  media: benchMedia,
  agent: benchAgent,
  clone: benchClone,
  schedule: benchSchedule,
  fleet: benchFleet,
  idle: benchIdle,
};

const asked = process.argv.slice(2);
if (asked.includes('--list')) {
  console.log(Object.keys(parts).join('\n'));
  process.exit(0);
}
const unknown = asked.filter((name) => !(name in parts));
if (unknown.length > 0) {
  console.error(`unknown part ${unknown.join(', ')}; there are ${Object.keys(parts).join(', ')}`);
  process.exit(1);
}
const figures: Figure[] = [];
for (const [name, run] of Object.entries(parts)) {
  if (asked.length > 0 && !asked.includes(name)) continue;
  console.log(`▸ ${name} …`);
  figures.push(...(await run()));
}
const machine = `${cpus().length} × ${cpus()[0]?.model ?? 'unknown'}, ${Math.round(totalmem() / 2 ** 30)} GiB, Node ${process.version}`;
console.log(`\n${machine}\n`);
printTable(figures);
writeFileSync(
  'bench-results.json',
  `${JSON.stringify({ at: new Date().toISOString(), machine, figures }, null, 2)}\n`,
);
process.exit(0);
