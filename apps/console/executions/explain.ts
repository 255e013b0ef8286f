import {
  type ChannelState,
  type ExecutionStatus,
  type ExplanationCode,
  type FailureReason,
  isOpen,
  type MachineIdentity,
  type SetupState,
} from '#protocol';

export interface ExplainedRow {
  attempt: number;
  status: ExecutionStatus;
  failureReason: FailureReason | null;
  executionType: string;
  scheduledFor: Date;
  startedAt: Date | null;
  completedAt: Date | null;
  deliveryStartedAt: Date | null;
  startConfirmed: boolean;
  cancelRequestedAt: Date | null;
  timeoutSeconds: number;
  exitCode: number | null;
  stderr: string | null;
  error: string | null;
  survivors: number | null;
  order: number;
  /** The medium whose installation a first-boot script belongs to. */
  mediaId: string | null;
}

export interface ExplainedMachine {
  registered: boolean;
  channel: ChannelState;
  channelDetail: string | null;
  lastSeenAt: Date | null;
  hostId: string | null;
  protocol: number | null;
  /** Whether its installation goes on, as its agent said; null when it did not say. */
  setup: SetupState | null;
  identity: MachineIdentity | null;
  /** The medium that installed the system which speaks there, as far as it was proved. */
  provedMedium: string | null;
  /** First-boot scripts of that medium wait until then. */
  firstBootFrom: Date | null;
}

export interface Surroundings {
  now: Date;
  /**
   * Seconds since the machine's gateway was last heard of; null when no gateway has ever reported for its
   * host.
   */
  gatewaySilentSeconds: number | null;
  /** Other rows of this machine that are out. */
  running: number;
  /** Rows that wait for this machine's restart. */
  rebooting: number;
  /** FIRST_BOOT rows of lower order that are not final. */
  earlierFirstBoot: number;
  series: ExplainedSeries | null;
}

export interface ExplainedSeries {
  stoppedAt: Date | null;
  stopReason: string | null;
  executionCount: number;
  lastExecutedAt: Date | null;
  maxExecutions: number | null;
  rule: { repeatIntervalMinutes: number } | { cron: string; timeZone: string };
  /** Its run that has not ended. */
  open: { status: ExecutionStatus; scheduledFor: Date } | null;
}

export interface Explanation<C = ExplanationCode> {
  code: C;
  message: string;
  remedy: string | null;
}

/** Why an execution is where it is, in one true sentence, and what to do about it. */
export function explain(
  row: ExplainedRow,
  machine: ExplainedMachine | null,
  around: Surroundings,
): Explanation {
  const explanation = explainRow(row, machine, around);
  const more = isOpen(row.status)
    ? []
    : [
        row.survivors ? `${row.survivors} of its processes could not be ended` : null,
        around.series ? seriesGoesOn(around.series, around.now) : null,
      ];
  const message = [explanation.message, ...more].filter(Boolean).join('; ');
  return { ...explanation, message: `${row.status}: ${message}` };
}

function explainRow(row: ExplainedRow, machine: ExplainedMachine | null, around: Surroundings): Explanation {
  switch (row.status) {
    case 'PENDING':
      return explainPending(row, machine, around);
    case 'RUNNING':
      return explainRunning(row, machine, around);
    case 'SUCCESS':
      return say('success', 'the script ended with exit code 0', null);
    case 'CANCELLED':
      return say('cancelled', `${row.error ?? 'it was cancelled'}`, null);
    case 'TIMEOUT':
      return say(
        'timeout',
        `${row.error ?? 'the deadline passed'} (${row.timeoutSeconds} s)`,
        'give it a longer timeoutSeconds, or see what it waits for in stdout and stderr',
      );
    case 'FAILED':
      return explainFailed(row);
    default:
      return row.status satisfies never;
  }
}

function explainPending(
  row: ExplainedRow,
  machine: ExplainedMachine | null,
  around: Surroundings,
): Explanation {
  if (row.scheduledFor > around.now) {
    return say(
      'not_due',
      `scheduled for ${row.scheduledFor.toISOString()}, in ${inWords(row.scheduledFor.getTime() - around.now.getTime())}${around.series ? `; ${repeats(around.series)}` : ''}`,
      null,
    );
  }
  if (!machine) return say('machine_gone', 'its machine was deleted', 'cancel it');
  if (!machine.registered)
    return say(
      'machine_unregistered',
      'the machine is not registered, so it gets no scripts',
      'POST /api/machines with its id',
    );
  if (around.gatewaySilentSeconds === null || around.gatewaySilentSeconds > 120) {
    const since =
      around.gatewaySilentSeconds === null
        ? 'no gateway has reported yet'
        : `its gateway ${machine.hostId ?? ''} was last heard of ${inWords(around.gatewaySilentSeconds * 1000)} ago`;
    return say(
      'gateway_missing',
      `${since}`,
      `start the gateway on the machine's host${machine.hostId ? ` (${machine.hostId})` : ''}`,
    );
  }
  if (around.rebooting > 0)
    return say(
      'waits_for_reboot',
      row.attempt > 1
        ? `a script asked for a restart of the machine; attempt ${row.attempt} goes out in the next boot`
        : 'a script asked for a restart of the machine; this one goes out in the next boot',
      'restart the machine if it does not do so by itself',
    );
  const channel = explainChannel(machine, around.now);
  if (channel) return channel;
  if (row.executionType === 'FIRST_BOOT' && row.mediaId !== null && row.mediaId !== machine.provedMedium)
    return say(
      'waits_for_installation',
      `waits for the system that the medium ${row.mediaId} installs: the one that speaks ${
        machine.provedMedium
          ? `was installed by the medium ${machine.provedMedium}`
          : 'has not shown by which medium it was installed'
      }`,
      'stop the VM, and start it with that medium; a medium that was replaced installs a system which gets nothing',
    );
  if (row.executionType === 'FIRST_BOOT' && machine.firstBootFrom && machine.firstBootFrom > around.now)
    return say(
      'waits_for_setup',
      `waits until ${machine.firstBootFrom.toISOString()}: this agent does not say when its installation ends`,
      null,
    );
  if (row.executionType === 'FIRST_BOOT' && machine.setup === 'running')
    return say(
      'waits_for_setup',
      'waits for the installation to finish: its last step says so, or ten minutes pass',
      'when nothing is left to install, in the guest: infiniservice install --finished',
    );
  if (around.earlierFirstBoot > 0)
    return say(
      'waits_for_first_boot',
      `waits for ${around.earlierFirstBoot} first-boot script(s) of lower order to end`,
      null,
    );
  if (around.running > 0)
    return say(
      'waits_for_slot',
      `the machine runs ${around.running} other script(s); this one is next by order and time`,
      null,
    );
  return say('being_delivered', 'it is due and the channel is ready; it goes out now', null);
}

/** What keeps a machine's channel from working, or null when it works. */
export function explainChannel(
  machine: ExplainedMachine,
  now: Date,
): Explanation<Extract<ExplanationCode, `channel_${string}`>> | null {
  const detail = machine.channelDetail ? `: ${machine.channelDetail}` : '';
  const seen = machine.lastSeenAt
    ? `; last heard of ${inWords(now.getTime() - machine.lastSeenAt.getTime())} ago`
    : '';
  switch (machine.channel) {
    case 'ready':
      return machine.identity === "another machine's"
        ? say(
            'channel_other_identity',
            "InfiniService says another machine's id: its disk was copied together with its identity, and it gets no work",
            'in the guest: infiniservice uninstall, then install it with the id of this machine; or start this VM with a medium of its own',
          )
        : null;
    case 'missing':
      return say(
        'channel_missing',
        `the machine's channel is missing${detail}`,
        'start the VM, with the virtio-serial port of its media plan',
      );
    case 'refused':
      return say(
        'channel_refused',
        `the machine's channel refuses connections${detail}`,
        'start the VM again',
      );
    case 'occupied':
      return say(
        'channel_occupied',
        `another program holds the machine's channel${detail}`,
        'stop the other program: QEMU serves one client of a socket',
      );
    case 'guest-closed':
      return say(
        'channel_closed',
        `the machine's channel was closed${detail}${seen}`,
        'see that the VM runs',
      );
    case 'silent':
      return say(
        'channel_silent',
        `the channel is open and InfiniService does not speak${seen}`,
        'in the guest: systemctl status infiniservice and journalctl -u infiniservice (Windows: Get-Service Infiniservice); infiniservice doctor says what is wrong',
      );
    case 'deaf':
      return say(
        'channel_deaf',
        `InfiniService speaks and does not hear what the host says: it repeats its hello though that was acked${detail}`,
        'give the agent the channel secret of this machine: INFINISERVICE_SHARED_SECRET in the guest is wrong, older than INFINISERVICE_HMAC_MASTER_SECRET, or of a disk that was copied from another machine; a new medium carries the right one',
      );
    case 'unknown':
      return say(
        'channel_unknown',
        'no gateway has seen a channel of this machine',
        'start the VM with the socket of its media plan on a host that runs a gateway',
      );
    default:
      return machine.channel satisfies never;
  }
}

function explainRunning(
  row: ExplainedRow,
  machine: ExplainedMachine | null,
  around: Surroundings,
): Explanation {
  if (row.cancelRequestedAt) {
    const cannot =
      machine?.protocol === 1
        ? '; this agent cannot cancel, so the machine is busy until the script ends'
        : '; the agent has not confirmed yet';
    return say(
      'cancelling',
      `it was asked to end ${inWords(around.now.getTime() - row.cancelRequestedAt.getTime())} ago${cannot}`,
      null,
    );
  }
  if (row.deliveryStartedAt === null)
    return say('claimed', 'it was handed out and is being written to the machine', null);
  const since = inWords(around.now.getTime() - (row.startedAt ?? around.now).getTime());
  if (!row.startConfirmed && machine?.protocol === 2)
    return say(
      'delivered',
      `it was delivered ${since} ago; the agent has not said yet that it started`,
      null,
    );
  const silent =
    machine && machine.channel !== 'ready'
      ? `; the channel is ${machine.channel}, and its result will come when it is back`
      : '';
  return say('running', `since ${since}, for ${row.timeoutSeconds} s at the most${silent}`, null);
}

function explainFailed(row: ExplainedRow): Explanation {
  const { failureReason } = row;
  switch (failureReason) {
    case 'EXIT_CODE': {
      const tail = lastLines(row.stderr);
      return say(
        'exit_code',
        `the script ended with exit code ${row.exitCode ?? 'unknown'}${tail ? `; its last words on stderr: ${tail}` : ''}`,
        'see stdout and stderr; check the syntax, permissions and what the script depends on',
      );
    }
    case 'INTERRUPTED_BY_REBOOT':
      return say(
        'interrupted_by_reboot',
        `${row.error ?? 'the machine restarted while the script ran'}`,
        'run it again if that does no harm',
      );
    case 'AGENT_LOST':
      return say(
        'agent_lost',
        `${row.error ?? 'the agent lost the run'}`,
        'see journalctl -u infiniservice in the guest; run it again if that does no harm',
      );
    case 'NOT_STARTED':
      return say(
        'not_started',
        `the agent could not start the script: ${row.error ?? 'no reason given'}`,
        'see that the shell and the runAs user exist in the guest',
      );
    case 'REFUSED':
      return say('refused', `the agent refused the script: ${row.error ?? 'no reason given'}`, null);
    case 'EXPIRED':
      return say('expired', `${row.error ?? 'deliverBy passed'}`, 'schedule it again with a later deliverBy');
    case 'BAD_INPUT':
      return say(
        'bad_input',
        `${row.error ?? 'an input did not fit'}`,
        'schedule it again with correct inputs',
      );
    case 'REBOOT_LIMIT':
      return say(
        'reboot_limit',
        'the script asked for more than 10 restarts',
        'see why it never finds its work done',
      );
    case null:
      return say('failed', `${row.error ?? 'no reason was recorded'}`, null);
    default:
      return failureReason satisfies never;
  }
}

/** What becomes of the series after a run that has ended. */
function seriesGoesOn(series: ExplainedSeries, now: Date): string {
  if (series.stoppedAt !== null) {
    switch (series.stopReason) {
      case 'maxExecutions':
        return `the series has ended: it ran ${series.executionCount} of ${series.maxExecutions} times`;
      case 'stopOnFailure':
        return 'the series was ended by this failure (stopOnFailure): schedule it again';
      case 'never again':
        return `the series has ended: ${ruleInWords(series)} never comes again`;
      default:
        return 'the series was stopped';
    }
  }
  if (!series.open) return repeats(series);
  const { status, scheduledFor } = series.open;
  if (status === 'RUNNING') return `the next run of the series is running; ${repeats(series)}`;
  const ahead = scheduledFor.getTime() - now.getTime();
  return `its next run is due ${ahead > 0 ? `in ${inWords(ahead)}, at` : 'since'} ${scheduledFor.toISOString()}; ${repeats(series)}`;
}

/** The settings of a repeating schedule and how far it is, for whoever looks for a wrong one. */
function repeats(series: ExplainedSeries): string {
  const of = series.maxExecutions === null ? '' : ` of at most ${series.maxExecutions}`;
  const last = series.lastExecutedAt ? `, last at ${series.lastExecutedAt.toISOString()}` : '';
  return `it repeats ${ruleInWords(series)} and ran ${series.executionCount}${of} times so far${last}`;
}

function ruleInWords({ rule }: ExplainedSeries): string {
  return 'cron' in rule
    ? `by "${rule.cron}" in ${rule.timeZone}`
    : `every ${rule.repeatIntervalMinutes} minutes`;
}

function lastLines(text: string | null): string {
  return (text ?? '').trimEnd().split('\n').slice(-3).join(' / ').slice(-500);
}

/** A duration as a person says it. */
function inWords(ms: number): string {
  const seconds = Math.max(0, Math.round(ms / 1000));
  if (seconds < 60) return `${seconds} s`;
  if (seconds < 7200) return `${Math.round(seconds / 60)} minutes`;
  return seconds < 172_800 ? `${Math.round(seconds / 3600)} hours` : `${Math.round(seconds / 86_400)} days`;
}

const say = <C extends ExplanationCode>(code: C, message: string, remedy: string | null): Explanation<C> => ({
  code,
  message,
  remedy,
});
