/** A request that is wrong, and all that its answer must say. */
export interface WrongInput {
  name: string;
  /** `POST` where there is a body, otherwise `GET`. */
  method?: string;
  /** `MACHINE` and `SCRIPT` stand for ids that are there. */
  path: string;
  /** As JSON, or as the text that it is. */
  body?: unknown;
  headers?: Record<string, string>;
  status: number;
  /** `request.invalid` unless told. */
  code?: string;
  /** The message, where there are no faults. */
  says?: string;
  /** Beside it the way out. */
  remedy?: string;
  /** Path, message and remedy of every fault, in this order. */
  faults?: [path: string, message: string, remedy: string][];
  /** Headers of the answer. */
  answers?: Record<string, string>;
}

export const VM = '7c0d6f0e-3f5e-4d0c-9d55-1b2f3a4b5c6d';
export const NOBODY = '00000000-0000-4000-8000-000000000000';
const NOBODY_ELSE = '00000000-0000-4000-8000-000000000001';
const A_UUID = `must be a UUID such as ${VM}`;
const LIKE_UUID = `give one such as ${VM}`;
const CRON = 'give minute, hour, day of month, month and day of week, such as "30 2 * * 1-5"';
const FIVE_FIELDS = 'must have five fields: minute, hour, day of month, month, day of week';
const scheduled = (more: object): object => ({ scriptId: 'SCRIPT', machineIds: ['MACHINE'], ...more });
export const medium = (more: object): object => ({
  vmId: VM,
  hostname: 'web-1',
  os: { family: 'ubuntu', version: '24.04' },
  users: [{ name: 'ada', password: 'hunter22!' }],
  ...more,
});

/** Each is a mistake that somebody has made. */
export const WRONG_INPUTS: WrongInput[] = [
  {
    name: 'machine without a name',
    path: '/api/machines',
    body: {},
    status: 400,
    faults: [['name', 'is missing: what people call the machine', 'add it, such as web-1']],
  },
  {
    name: 'machine: unknown field hostname',
    path: '/api/machines',
    body: { name: 'a', hostname: 'x' },
    status: 400,
    faults: [['hostname', 'unknown field', 'did you mean name?']],
  },
  {
    name: 'machine: id is no UUID',
    path: '/api/machines',
    body: { name: 'a', id: 'vm-12' },
    status: 400,
    faults: [['id', A_UUID, LIKE_UUID]],
  },
  {
    name: 'machine: os ubuntu',
    path: '/api/machines',
    body: { name: 'a', os: 'ubuntu' },
    status: 400,
    faults: [['os', 'must be windows or linux', 'use one of them']],
  },
  {
    name: 'broken JSON',
    path: '/api/machines',
    body: '{"name":',
    status: 400,
    says: "Body is not valid JSON but content-type is set to 'application/json'",
    remedy: 'correct the request and send it again',
  },
  {
    name: 'a form that says it is JSON',
    path: '/api/machines',
    body: 'name=a',
    status: 400,
    says: "Body is not valid JSON but content-type is set to 'application/json'",
    remedy: 'correct the request and send it again',
  },
  {
    name: 'an empty body',
    method: 'POST',
    path: '/api/machines',
    headers: { 'content-type': 'application/json' },
    status: 400,
    faults: [['name', 'is missing: what people call the machine', 'add it, such as web-1']],
  },
  {
    name: 'a machine by its name',
    path: '/api/machines/web-1',
    status: 400,
    faults: [['id', A_UUID, 'GET /api/machines?name=web-1 finds a machine by its name']],
  },
  {
    name: 'an unknown machine',
    path: `/api/machines/${NOBODY}`,
    status: 404,
    code: 'machine.not_found',
    says: `there is no machine ${NOBODY}`,
    remedy: 'GET /api/machines lists them',
  },
  {
    name: 'limit=9999',
    path: '/api/machines?limit=9999',
    status: 400,
    faults: [['limit', 'must be at most 500', 'give a value within the limits']],
  },
  {
    name: 'limit=ten',
    path: '/api/machines?limit=ten',
    status: 400,
    faults: [['limit', 'must be a whole number', 'give one such as 50']],
  },
  {
    name: 'a filter that does not exist',
    path: '/api/machines?colour=red',
    status: 400,
    faults: [['colour', 'unknown field', 'remove it or correct its name']],
  },
  {
    name: 'a broken cursor',
    path: '/api/machines?cursor=abc',
    status: 400,
    code: 'cursor.invalid',
    says: 'cursor: use the nextCursor of the page before',
    remedy: 'use the nextCursor of the page before, or leave cursor out for the first page',
  },
  {
    name: 'execution: script by its name',
    path: '/api/executions',
    body: scheduled({ scriptId: 'uptime' }),
    status: 400,
    faults: [['scriptId', A_UUID, LIKE_UUID]],
  },
  {
    name: 'execution: unknown script',
    path: '/api/executions',
    body: scheduled({ scriptId: NOBODY }),
    status: 400,
    faults: [['scriptId', `there is no script ${NOBODY}`, 'GET /api/scripts lists them']],
  },
  {
    name: 'execution: unknown machine',
    path: '/api/executions',
    body: scheduled({ machineIds: [NOBODY_ELSE] }),
    status: 400,
    faults: [
      ['machineIds.0', `there is no machine ${NOBODY_ELSE}`, 'POST /api/machines or make its medium first'],
    ],
  },
  {
    name: 'execution: no machines',
    path: '/api/executions',
    body: scheduled({ machineIds: [] }),
    status: 400,
    faults: [['machineIds', 'must name at least one machine', 'fill it in']],
  },
  {
    name: 'execution: local time without zone',
    path: '/api/executions',
    body: scheduled({ scheduledFor: '2027-01-31T14:00' }),
    status: 400,
    faults: [
      ['scheduledFor', 'is a local time without a zone', 'add its offset (…Z or …+02:00) or give timeZone'],
    ],
  },
  {
    name: 'execution: tomorrow 9am',
    path: '/api/executions',
    body: scheduled({ scheduledFor: 'tomorrow 9am' }),
    status: 400,
    faults: [
      [
        'scheduledFor',
        'must be a time such as 2027-01-31T14:00:00Z',
        'give one such as 2027-01-31T14:00:00Z',
      ],
    ],
  },
  {
    name: 'execution: cron of six fields',
    path: '/api/executions',
    body: scheduled({ cron: '0 0 3 * * *' }),
    status: 400,
    faults: [['cron', FIVE_FIELDS, CRON]],
  },
  {
    name: 'execution: cron in words',
    path: '/api/executions',
    body: scheduled({ cron: 'every day' }),
    status: 400,
    faults: [['cron', FIVE_FIELDS, CRON]],
  },
  {
    name: 'execution: cron of February 30',
    path: '/api/executions',
    body: scheduled({ cron: '0 3 30 2 *' }),
    status: 400,
    faults: [['cron', 'never comes', CRON]],
  },
  {
    name: 'execution: zone CEST',
    path: '/api/executions',
    body: scheduled({ cron: '0 3 * * *', timeZone: 'CEST' }),
    status: 400,
    faults: [
      ['timeZone', 'must be an IANA time zone such as Europe/Berlin', 'give one such as Europe/Berlin'],
    ],
  },
  {
    name: 'execution: an interval of 0',
    path: '/api/executions',
    body: scheduled({ repeatIntervalMinutes: 0 }),
    status: 400,
    faults: [['repeatIntervalMinutes', 'must be at least 1 minute', 'give a value within the limits']],
  },
  {
    name: 'execution: maxExecutions without a repeat',
    path: '/api/executions',
    body: scheduled({ maxExecutions: 3 }),
    status: 400,
    faults: [
      [
        'maxExecutions',
        'only a repeating schedule has it',
        'add repeatIntervalMinutes or cron, or leave it out',
      ],
    ],
  },
  {
    name: 'execution: an input that the script does not have',
    path: '/api/executions',
    body: scheduled({ inputs: { who: 'x' } }),
    status: 400,
    faults: [['inputs.who', 'the script has no such input', 'leave inputs out: the script has none']],
  },
  {
    name: 'execution: five faults at once',
    path: '/api/executions',
    body: { scriptId: 'x', machineIds: ['y'], cron: 'x', missedRuns: 'never', colour: 1 },
    status: 400,
    faults: [
      ['scriptId', A_UUID, LIKE_UUID],
      ['machineIds.0', A_UUID, LIKE_UUID],
      ['missedRuns', 'must be one, skip or all', 'use one of them'],
      ['colour', 'unknown field', 'remove it or correct its name'],
      ['cron', FIVE_FIELDS, CRON],
    ],
  },
  {
    name: 'executions: status=failed',
    path: '/api/executions?status=failed',
    status: 400,
    faults: [
      ['status', 'must be PENDING, RUNNING, SUCCESS, FAILED, TIMEOUT or CANCELLED', 'did you mean FAILED?'],
    ],
  },
  {
    name: 'executions: from=yesterday',
    path: '/api/executions?from=yesterday',
    status: 400,
    faults: [
      [
        'from',
        'must be a time with its offset, such as 2027-01-31T14:00:00Z or 2027-01-31T14:00:00+02:00',
        'give one such as 2027-01-31T14:00:00Z',
      ],
    ],
  },
  {
    name: 'output: stream=both',
    path: `/api/executions/${NOBODY}/output?stream=both`,
    status: 400,
    faults: [['stream', 'must be stdout or stderr', 'use one of them']],
  },
  {
    name: 'cancel of nothing, JSON without a body',
    method: 'POST',
    path: `/api/executions/${NOBODY}/cancel`,
    headers: { 'content-type': 'application/json' },
    status: 404,
    code: 'execution.not_found',
    says: `there is no execution ${NOBODY}`,
    remedy: 'GET /api/executions lists them',
  },
  {
    name: 'stop of no series, JSON without a body',
    method: 'POST',
    path: `/api/series/${NOBODY}/stop`,
    headers: { 'content-type': 'application/json' },
    status: 404,
    code: 'series.not_found',
    says: `there is no series ${NOBODY}`,
    remedy: 'take the seriesId of one of its executions',
  },
  {
    name: 'command: Reboot',
    path: '/api/machines/MACHINE/commands',
    body: { type: 'SafeCommand', command: { action: 'Reboot' } },
    status: 400,
    faults: [
      [
        'command.action',
        'must be ServiceList, ServiceControl, ProcessList, ProcessKill, SystemInfo, OsInfo, PackageList or CheckDiskSpace; exit 194 of a script restarts the machine',
        'correct the value',
      ],
    ],
  },
  {
    name: 'command: shell text without type',
    path: '/api/machines/MACHINE/commands',
    body: { command: 'uptime' },
    status: 400,
    faults: [['type', 'is missing: it must be SafeCommand or UnsafeCommand', 'add it']],
  },
  {
    name: 'command: NUL in the line',
    path: '/api/machines/MACHINE/commands',
    body: { type: 'UnsafeCommand', rawCommand: 'id\0' },
    status: 400,
    faults: [['rawCommand', 'must not contain NUL', 'leave NUL out']],
  },
  {
    name: 'command: wait=forever',
    path: '/api/machines/MACHINE/commands?wait=forever',
    body: { type: 'SafeCommand', command: { action: 'OsInfo' } },
    status: 400,
    faults: [['wait', 'must be 0 to 60 seconds', 'correct the value']],
  },
];
