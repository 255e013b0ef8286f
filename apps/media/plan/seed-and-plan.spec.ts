import { describe, expect, it } from '@jest/globals';
import type { MediaPlan, MediaRequest } from '#protocol';
import { SEED_INSTALL } from '../../../test/support/media/seeds.js';
import {
  type Combination,
  DISK_SERIAL,
  MACS,
  planCombinations,
  planOf,
  SEED_PATH,
  VENDOR_ISO,
} from '../../../test/support/media/plan-combinations.js';
import { FAMILIES, seedLabel } from '../families/family.js';
import { SEED_LABELS } from '../families/labels.js';

const FOLDER = '/sockets';

/** All that a seed says, and the kernel arguments that go with it. */
function textOf(request: MediaRequest, plan: MediaPlan): string {
  const files = FAMILIES[request.os.family].seed(
    request,
    { ...SEED_INSTALL, vmId: request.vmId, source: request.source },
    { mediaId: SEED_INSTALL.mediumId, passwords: new Map([['ada', 'Pass-word-1']]) },
  );
  const text = [...files.map(({ content }) => content), plan.kernel?.arguments ?? ''].join('\n');
  // Windows writes hyphens between.
  return text.replace(/\b[0-9A-Fa-f]{2}([:-][0-9A-Fa-f]{2}){5}\b/g, (mac) =>
    mac.toLowerCase().replaceAll('-', ':'),
  );
}

const found = (text: string, pattern: RegExp): string[] => [
  ...new Set([...text.matchAll(pattern)].map(([, name = '']) => name)),
];

/** Device files that every system has, whatever the plan attaches. */
const OF_THE_SYSTEM =
  /^(null|zero|u?random|console|kmsg|tty\d?|stdin|stdout|stderr|fd|shm|pts|mapper|md|disk)$/;

/** What the seed names and the plan does not have. */
function missing(request: MediaRequest, plan: MediaPlan): string[] {
  const text = textOf(request, plan);
  const has = (role: string): boolean => plan.devices.some((device) => device.role === role);
  const macs = plan.cards.map(({ mac }) => mac);
  const problems: string[] = [];
  const want = (what: string, isThere: boolean): void => {
    if (!isThere) problems.push(what);
  };

  for (const mac of found(text, /\b((?:[0-9a-f]{2}:){5}[0-9a-f]{2})\b/g))
    want(`a card with ${mac}`, macs.includes(mac));
  for (const label of found(text, /(?:LABEL=|by-label\/)([A-Za-z0-9_]+)/g))
    want(
      `a medium labelled ${label}`,
      label === seedLabel(request)
        ? has('seed') || has('chain') || has('remaster')
        : // An installed system looks for a medium that makes another machine of it, which is a later one.
          label === SEED_LABELS.cloudInit,
    );
  for (const name of found(text, /\/dev\/([a-z]+[0-9]*)/g))
    // The plan's serial console is the first; Ubuntu's early command writes the disk in place of its name.
    want(`/dev/${name}`, OF_THE_SYSTEM.test(name) || ['ttyS0', 'infinibay'].includes(name));
  if (/\/cdrom\b/.test(text)) want("the vendor's medium, at /cdrom", has('vendor-iso') || has('remaster'));
  if (/inst\.stage2=/.test(text)) want("the installer's second stage", has('vendor-iso'));

  const [disk] = plan.devices;
  const { match } = request.disk;
  if (match && 'serial' in match) {
    want('the serial number in the seed', text.includes(DISK_SERIAL));
    want(
      'the disk with the serial number',
      plan.qemu.some((word) => word.includes(`serial=${DISK_SERIAL}`)),
    );
  }
  if (match && 'bus' in match) want(`a disk on ${match.bus}`, disk?.bus === match.bus);

  const interfaces = request.network === 'none' ? [] : request.network;
  interfaces.forEach(({ match: card }, index) => {
    if ('mac' in card) want(`${card.mac} in the seed`, text.includes(card.mac));
    else want(`card ${index}, called ${card.name}`, plan.cards[index]?.name === card.name);
  });
  want(
    'a card for each interface',
    plan.cards.length === (request.network === 'none' ? 0 : interfaces.length || 1),
  );
  return problems;
}

/** Devices of the plan that neither the seed nor a step speaks of. */
function unexplained({ request, plan }: { request: MediaRequest; plan: MediaPlan }): string[] {
  const words = plan.steps.map(({ do: what }) => what).join('\n');
  const isDetached = (role: string): boolean => plan.detach.some((each) => each.role === role);
  const explained: Record<MediaPlan['devices'][number]['role'], boolean> = {
    // What is installed on, or what is booted.
    'system-disk': /disk/.test(words),
    seed: isDetached('seed') && /the seed/.test(words),
    chain: isDetached('chain') && /chain ISO/.test(words),
    remaster: isDetached('remaster') && /remastered ISO/.test(words),
    'vendor-iso': isDetached('vendor-iso') && /vendor ISO/.test(words),
    channel: words.includes(`sockets in ${FOLDER}`),
  };
  return [
    ...plan.devices.filter(({ role }) => !explained[role]).map(({ role }) => role),
    // Of a machine without a network card, and of one whose card has a name, a warning speaks.
    ...plan.cards
      .filter(
        ({ name }, index) =>
          name !== null && !plan.warnings.some(({ path }) => path === `network.${index}.match.name`),
      )
      .map(({ id }) => id),
    ...(request.network === 'none' && !plan.warnings.some(({ path }) => path === 'network')
      ? ['no card']
      : []),
  ];
}

describe('the machine of the plan', () => {
  const all: (Combination & { plan: MediaPlan })[] = planCombinations().map((combination) => ({
    ...combination,
    plan: planOf(combination, FOLDER),
  }));

  it('has everything that the seed names', () => {
    const problems = all.flatMap(({ name, request, plan }) =>
      missing(request, plan).map((what) => `${name}: ${what}`),
    );
    expect(problems).toEqual([]);
  });

  it('has nothing that neither the seed uses nor a step explains', () => {
    expect(all.flatMap((each) => unexplained(each).map((what) => `${each.name}: ${what}`))).toEqual([]);
  });

  it('has the files that were made and given, and the same cards and disks in every form', () => {
    for (const { request, plan } of all) {
      const path = (role: string) => plan.devices.find((device) => device.role === role)?.path;
      const made = path('seed') ?? path('chain') ?? path('remaster');
      expect(made).toBe(SEED_PATH);
      expect(path('vendor-iso') ?? VENDOR_ISO).toBe(VENDOR_ISO);
      if (request.delivery === 'direct-kernel') expect(plan.kernel?.files).not.toBeNull();
      const disks = plan.devices.flatMap(({ target }) => target ?? []);
      for (const xml of [plan.libvirtXml, plan.firstStart.libvirtXml]) {
        expect(found(xml, /<mac address='(.*?)'/g)).toEqual(plan.cards.map(({ mac }) => mac));
        expect(found(xml, /<target dev='(.*?)'/g)).toEqual(disks);
      }
      expect(found(plan.qemu.join('\n'), /mac=([0-9a-f:]+)/g)).toEqual(plan.cards.map(({ mac }) => mac));
      expect(found(plan.qemu.join('\n'), /drive=(\w+)/g)).toHaveLength(plan.devices.length - 1);
    }
  });

  it('says the level that the processor must have, wherever there is one', () => {
    for (const { request, plan } of all) {
      const { family, version, architecture } = request.os;
      const enterprise = ['rhel', 'rocky', 'alma'].includes(family) && architecture === 'x86_64';
      const level = enterprise ? { '8': 'x86-64', '9': 'x86-64-v2', '10': 'x86-64-v3' }[version] : undefined;
      expect(plan.machine?.cpu.level).toBe(level ?? (architecture === 'x86_64' ? 'x86-64' : null));
      expect(plan.steps.some(({ do: what }) => what.includes(`processor has ${level}`))).toBe(
        level !== undefined && level !== 'x86-64',
      );
    }
  });

  it('is seen to lack what a seed names', () => {
    const one = all.find(({ request }) => request.network !== 'none' && request.network.length === 3);
    if (!one) throw new Error('there is no plan with three cards');
    const [first, ...others] = one.plan.cards;
    const another = { ...one.plan, cards: [{ ...first, mac: '02:00:00:00:00:01' } as never, ...others] };
    expect(missing(one.request, another)).toContain(`a card with ${MACS[0]}`);
    const bare = { ...one.plan, devices: one.plan.devices.filter(({ role }) => role !== 'vendor-iso') };
    expect(unexplained({ ...one, plan: { ...bare, steps: [] } }).length).toBeGreaterThan(2);
  });
});
