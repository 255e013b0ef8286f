import type { z } from 'zod';
import type { Fault } from '#protocol';
import { CLOUD_CONFIG_SHAPE, cloudConfig, metaData } from '../cloud/cloud-config.js';
import { netplan } from '../cloud/netplan.js';
import { networkVersion1 } from '../cloud/network-v1.js';
import { inFileOrder } from '../fault.js';
import { autoinstall } from '../ubuntu/autoinstall.js';
import { readYaml } from './document.js';
import { mapping, schemaFaults } from './schema.js';

const HEADER = '#cloud-config';

/** `user-data` of the installer: Subiquity's keys below `autoinstall:`. */
export const autoinstallFaults = (text: string): Fault[] => userDataFaults(text, installer);
/** `user-data` of a cloud image. */
export const cloudConfigFaults = (text: string): Fault[] => userDataFaults(text, cloudConfig);
export const metaDataFaults = (text: string): Fault[] => yamlFaults(text, () => metaData);
/** `network-config`, versions 1 and 2, with or without `network:` around it. */
export const networkConfigFaults = (text: string): Fault[] => yamlFaults(text, networkSchema);

/**
 * Beside autoinstall, cloud-init's own keys are for the installer's live system. A key of the installer's
 * there is one level too high.
 */
const installer = mapping(
  { ...CLOUD_CONFIG_SHAPE, autoinstall },
  () => undefined,
  Object.fromEntries(Object.keys(autoinstall.shape).map((key) => [key, 'move it below autoinstall:'])),
);

/** `autoinstall.yaml` on a medium: with or without the word `autoinstall` around it, and without a header. */
export const autoinstallFileFaults = (text: string): Fault[] =>
  yamlFaults(text, (value) =>
    value && typeof value === 'object' && 'autoinstall' in value ? mapping({ autoinstall }) : autoinstall,
  );

function userDataFaults(text: string, schema: z.ZodType): Fault[] {
  const faults = yamlFaults(text, () => schema);
  if (/^#cloud-config[ \t\r]*(\n|$)/.test(text)) return faults;
  return [
    {
      path: '',
      value: text.split('\n', 1)[0]?.slice(0, 80) ?? '',
      message: `the first line must be ${HEADER}: cloud-init reads the file as nothing else`,
      remedy: `put ${HEADER} alone on the first line, without a space before it`,
      line: 1,
    },
    ...faults,
  ];
}

function networkSchema(value: unknown): z.ZodType {
  const outer = typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
  const wrapped = 'network' in outer;
  const inner = (wrapped ? outer['network'] : outer) as { version?: unknown } | null;
  const schema = inner?.version === 1 ? networkVersion1 : netplan;
  return wrapped ? mapping({ network: schema }) : schema;
}

function yamlFaults(text: string, schemaOf: (value: unknown) => z.ZodType): Fault[] {
  const yaml = readYaml(text);
  if (yaml.value === undefined) return inFileOrder(yaml.faults);
  if (typeof yaml.value !== 'object' || yaml.value === null || Array.isArray(yaml.value))
    return [
      ...yaml.faults,
      { path: '', message: 'must be a mapping of keys', remedy: 'write it as key: value', line: 1 },
    ];
  return inFileOrder([...yaml.faults, ...schemaFaults(schemaOf(yaml.value), yaml.value, yaml)]);
}

/** Which of the two a `user-data` is. */
export function isAutoinstall(text: string): boolean {
  return /^(\{\s*)?["']?auto[-_]?inst\w*["']?\s*:/m.test(text);
}
