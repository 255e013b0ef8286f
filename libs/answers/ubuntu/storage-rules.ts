import type { FaultBelow } from '#protocol';
import { didYouMean } from '../fault.js';
import { readSize } from './size.js';

type Fields = Record<string, unknown>;
type Add = (fault: FaultBelow) => void;

interface Action {
  index: number;
  fields: Fields;
  id: string;
  type: string;
}

/** Which fields of an action name other actions. */
const REFERENCES: Record<string, string[]> = {
  partition: ['device'],
  format: ['volume'],
  mount: ['device'],
  lvm_volgroup: ['devices'],
  lvm_partition: ['volgroup'],
  dm_crypt: ['volume'],
  raid: ['devices', 'spare_devices', 'container'],
  bcache: ['backing_device', 'cache_device'],
  zpool: ['vdevs'],
  zfs: ['pool'],
  disk: ['nvme_controller'],
};

/**
 * What ties the actions of a storage section together: ids, what they refer to, sizes on one disk, mount
 * points.
 */
export function storageRules(section: Fields, add: Add): void {
  const { layout, config } = section;
  if (layout !== undefined && config !== undefined)
    add({ path: ['config'], message: 'is ignored beside layout', remedy: 'keep one of them' });
  if (!Array.isArray(config)) return;
  const actions = config.flatMap((entry: unknown, index): Action[] => {
    if (typeof entry !== 'object' || entry === null) return [];
    const fields = entry as Fields;
    return [{ index, fields, id: textOf(fields['id']), type: textOf(fields['type']) }];
  });
  checkIds(actions, add);
  checkReferences(actions, add);
  for (const disk of actions.filter(({ type }) => type === 'disk' || type === 'raid'))
    checkDisk(disk, actions, add);
  for (const group of actions.filter(({ type }) => type === 'lvm_volgroup'))
    checkShares(
      actions.filter(({ type, fields }) => type === 'lvm_partition' && fields['volgroup'] === group.id),
      add,
    );
  checkMounts(actions, add);
}

const textOf = (value: unknown): string => (typeof value === 'string' ? value : '');
const at = ({ index }: Action, field: string): PropertyKey[] => ['config', index, field];

function checkIds(actions: Action[], add: Add): void {
  const seen = new Set<string>();
  for (const action of actions) {
    if (action.id !== '' && seen.has(action.id))
      add({
        path: at(action, 'id'),
        message: `${JSON.stringify(action.id)} is the id of an earlier action`,
        remedy: 'give each action its own id',
      });
    seen.add(action.id);
  }
}

/** Actions run in the order of the list: what one refers to stands before it. */
function checkReferences(actions: Action[], add: Add): void {
  const all = actions.map(({ id }) => id).filter((id) => id !== '');
  const before = new Set<string>();
  for (const action of actions) {
    for (const field of REFERENCES[action.type] ?? []) {
      const value = action.fields[field];
      const names = Array.isArray(value) ? value : value === undefined ? [] : [value];
      names.forEach((name: unknown, position) => {
        if (typeof name !== 'string' || before.has(name)) return;
        const known = all.includes(name);
        add({
          path: Array.isArray(value) ? [...at(action, field), position] : at(action, field),
          message: known
            ? `${JSON.stringify(name)} comes later in the list`
            : `${JSON.stringify(name)} is the id of no action`,
          remedy: known
            ? 'put what it refers to before it'
            : didYouMean(name, all, 'define it, or correct the id'),
        });
      });
    }
    before.add(action.id);
  }
}

/**
 * Partitions of one disk: shares, the rest last, places that overlap, numbers. Logical partitions lie inside
 * the extended one.
 */
function checkDisk(disk: Action, actions: Action[], add: Add): void {
  const all = actions.filter(({ type, fields }) => type === 'partition' && fields['device'] === disk.id);
  checkShares(
    all.filter(({ fields }) => fields['flag'] !== 'logical'),
    add,
  );
  const numbers = new Set<string>();
  for (const partition of all) {
    if (partition.fields['size'] === undefined && partition.fields['preserve'] !== true)
      add({ path: at(partition, 'size'), message: 'is missing', remedy: 'give a size, or -1 for the rest' });
    const number = partition.fields['number'] as string | number | undefined;
    if (number === undefined) continue;
    if (numbers.has(String(number)))
      add({
        path: at(partition, 'number'),
        message: `${String(number)} is the number of an earlier partition`,
        remedy: 'give each its own',
      });
    numbers.add(String(number));
  }
  const placed = all.flatMap((partition) => {
    const start = readSize(partition.fields['offset'])?.bytes;
    const length = readSize(partition.fields['size'])?.bytes;
    return start === undefined || length === undefined || partition.fields['flag'] === 'logical'
      ? []
      : [{ partition, start, end: start + length }];
  });
  placed.sort((a, b) => a.start - b.start);
  placed.forEach(({ partition, start }, position) => {
    const previous = placed[position - 1];
    if (previous && start < previous.end)
      add({
        path: at(partition, 'offset'),
        message: `begins inside ${previous.partition.id}, which ends at byte ${previous.end}`,
        remedy: 'move it, or make the other one smaller',
      });
  });
}

/** The rest comes last, and shares add up to no more than all of it. */
function checkShares(parts: Action[], add: Add): void {
  let share = 0;
  const open: Action[] = [];
  for (const part of parts) {
    const size = readSize(part.fields['size']);
    if (open.length > 0)
      add({
        path: at(part, 'size'),
        message: `nothing is left for it: ${open[0]?.id} before it takes the rest`,
        remedy: 'put the one with size -1 last',
      });
    if (size?.rest) open.push(part);
    share += size?.percent ?? 0;
    if (share > 100 && (size?.percent ?? 0) > 0)
      add({
        path: at(part, 'size'),
        message: `the shares add up to ${share} %`,
        remedy: 'give at most 100 % together',
      });
  }
}

function checkMounts(actions: Action[], add: Add): void {
  const mounts = actions.filter(({ type }) => type === 'mount');
  const seen = new Set<string>();
  for (const mount of mounts) {
    const path = textOf(mount.fields['path']);
    if (path === '' || path === 'none') continue;
    if (seen.has(path))
      add({
        path: at(mount, 'path'),
        message: `something else is mounted at ${path}`,
        remedy: 'mount each in its own place',
      });
    seen.add(path);
  }
  const zfs = actions.some(({ type }) => type === 'zpool');
  if (!seen.has('/') && !zfs)
    add({ path: ['config'], message: 'mounts nothing at /', remedy: 'add a mount with path: /' });
  const used = new Map<string, Action>();
  for (const action of actions.filter(({ type }) => type === 'format')) {
    const volume = textOf(action.fields['volume']);
    if (used.has(volume))
      add({ path: at(action, 'volume'), message: `${volume} is formatted twice`, remedy: 'keep one' });
    used.set(volume, action);
  }
}
