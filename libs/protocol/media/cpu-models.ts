import type { CpuLevel } from './releases.js';

/** What a processor model of QEMU can run; null: 32-bit systems only. */
export type ModelLevel = CpuLevel | 'x86-64-v4' | null;

/** From what runs least to what runs most. */
const LEVELS: readonly ModelLevel[] = [null, 'x86-64', 'x86-64-v2', 'x86-64-v3', 'x86-64-v4'];

/**
 * QEMU's processor models for x86 by level, with the number of versions of each (`Haswell` has `Haswell-v1`
 * to `Haswell-v4`; all versions of a model have one level). Source: QEMU, docs/system/cpu-models-x86-abi.csv;
 * a test compares it with the flags of the QEMU that is there.
 */
const MODELS: readonly [level: ModelLevel, names: string][] = [
  [null, '486 athlon coreduo kvm32 n270 pentium pentium2 pentium3 qemu32'],
  ['x86-64', 'Conroe Opteron_G1 Opteron_G2 Opteron_G3 Penryn core2duo kvm64 phenom qemu64'],
  [
    'x86-64-v2',
    'Denverton:3 IvyBridge:2 Nehalem:2 Opteron_G4 Opteron_G5 SandyBridge:2 Snowridge:4 Westmere:2',
  ],
  [
    'x86-64-v3',
    'Broadwell:4 Dhyana:2 EPYC:4 EPYC-Milan:2 EPYC-Rome:4 Haswell:4 KnightsMill Skylake-Client:4',
  ],
  [
    'x86-64-v4',
    'Cascadelake-Server:5 Cooperlake:2 EPYC-Genoa GraniteRapids Icelake-Server:6 SapphireRapids:2 Skylake-Server:5',
  ],
];

/** Older names of versions (`qemu-system-x86_64 -cpu help`: "alias of"). */
const ALIASES: Readonly<Record<string, readonly string[]>> = {
  Broadwell: ['IBRS', 'noTSX', 'noTSX-IBRS'],
  'Cascadelake-Server': ['noTSX'],
  EPYC: ['IBPB'],
  Haswell: ['IBRS', 'noTSX', 'noTSX-IBRS'],
  'Icelake-Server': ['noTSX'],
  IvyBridge: ['IBRS'],
  Nehalem: ['IBRS'],
  SandyBridge: ['IBRS'],
  'Skylake-Client': ['IBRS', 'noTSX-IBRS'],
  'Skylake-Server': ['IBRS', 'noTSX-IBRS'],
  Westmere: ['IBRS'],
};

const levels = new Map<string, ModelLevel>(
  MODELS.flatMap(([level, names]) =>
    names.split(' ').flatMap((entry): [string, ModelLevel][] => {
      const [name = '', versions = '1'] = entry.split(':');
      const numbered = Array.from({ length: Number(versions) }, (_, index) => `v${index + 1}`);
      return [name, ...[...numbered, ...(ALIASES[name] ?? [])].map((suffix) => `${name}-${suffix}`)].map(
        (known) => [known, level],
      );
    }),
  ),
);

/** Every name that QEMU takes for a model of x86. */
export const CPU_MODELS: readonly string[] = [...levels.keys()];

/** @returns undefined for a name that is no model of x86 */
export const levelOfModel = (name: string): ModelLevel | undefined => levels.get(name);

export const hasLevel = (has: ModelLevel, wanted: CpuLevel): boolean =>
  LEVELS.indexOf(has) >= LEVELS.indexOf(wanted);

/** Well-known models that have a level. */
export const modelsFor = (level: CpuLevel): string =>
  level === 'x86-64-v3' ? 'Haswell-noTSX, EPYC or Skylake-Server' : 'Nehalem, Haswell-noTSX or EPYC';
