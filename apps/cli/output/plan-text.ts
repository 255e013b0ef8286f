import type { MediaPlan, MediaResult } from '#protocol';
import { faultList } from './fault-text.js';
import { printable, table } from './terminal.js';

/** A medium for a person to read: what was or would be made, what to attach, what to do when. */
export function planText(result: MediaResult, dryRun: boolean): string {
  const { plan } = result;
  const head = dryRun
    ? `dry run for machine ${result.machineId}: nothing was made`
    : `medium ${result.id} for machine ${result.machineId}, kept until ${result.expiresAt}`;
  const kernel = plan.kernel
    ? [
        'FIRST START: direct kernel boot',
        `  kernel     ${plan.kernel.kernel}\n  initrd     ${plan.kernel.initrd}\n  arguments  ${plan.kernel.arguments}\n  from       ${plan.kernel.from}`,
      ]
    : [];
  const scripts = result.executions.map((run) => [String(run.id), String(run.status)]);
  return [
    printable(head),
    ...(result.warnings.length > 0 ? [`WARNINGS\n${faultList(result.warnings)}`] : []),
    section('FILES', filesTable(result)),
    section('ATTACH', devicesTable(result)),
    ...(plan.machine ? [section('MACHINE', machineTable(plan.machine, plan.cards))] : []),
    ...(kernel.length > 0 ? [kernel.map(printable).join('\n')] : []),
    section(
      'STEPS',
      plan.steps.map((step, index) => printable(`${index + 1}. ${step.when}: ${step.do}`)).join('\n'),
    ),
    ...(scripts.length > 0 ? [section('FIRST-BOOT SCRIPTS', table(['run', 'status'], scripts))] : []),
    'QEMU arguments and the libvirt domain: --json',
    '',
  ]
    .join('\n\n')
    .replace(/\n\n$/, '\n');
}

/** Names, sizes in bytes and hashes; the hashes are whole, so that they can be compared. */
export function filesTable({ files }: MediaResult): string {
  return table(
    ['name', 'kind', 'bytes', 'sha256'],
    files.map(({ name, kind, size, sha256 }) => [name, kind, String(size), sha256]),
  );
}

function devicesTable({ plan }: MediaResult): string {
  return table(
    ['device', 'kind', 'bus', 'boot', 'path'],
    plan.devices.map(({ role, kind, bus, bootindex, path }) => [
      role,
      kind,
      bus,
      bootindex === null ? '-' : String(bootindex),
      path,
    ]),
  );
}

function machineTable(
  { type, cpus, memoryMiB, cpu }: NonNullable<MediaPlan['machine']>,
  cards: MediaPlan['cards'],
): string {
  const level = cpu.level === null ? '' : `, the host needs ${cpu.level}`;
  return table(
    ['part', 'what'],
    [
      ['machine', `${type}, ${cpus} processors, ${memoryMiB} MiB`],
      ['processor', `${cpu.libvirt} (QEMU: ${cpu.qemu}${level})`],
      ...cards.map(({ id, mac, model }) => [id, `${model} ${mac}`]),
    ],
  );
}

const section = (title: string, body: string): string => `${title}\n${body.replace(/^/gm, '  ')}`;
