import { afterAll, beforeAll, beforeEach, expect, it } from '@jest/globals';
import { claimDue, type Database, recordCompletion, ScriptExecution } from '#db';
import { BusEvents } from '#protocol';
import { CONSOLE_TOKEN, startConsole, type TestConsole } from '../../../test/support/apps/console.js';
import { onBothDatabases } from '../../../test/support/servers/databases.js';
import { completion, machineWithLease, schedule } from '../../../test/support/rows/rows.js';
import { waitFor } from '../../../test/support/wait.js';

interface Event {
  type: string;
  data: Record<string, unknown>;
}

/** Reads server-sent events as they come (the fields that are used here). */
async function follow(url: string): Promise<{ events: Event[]; ended: Promise<void>; leave: () => void }> {
  const abort = new AbortController();
  const response = await fetch(url, {
    headers: { authorization: `Bearer ${CONSOLE_TOKEN}` },
    signal: abort.signal,
  });
  expect(response.headers.get('content-type')).toMatch(/^text\/event-stream/);
  const events: Event[] = [];
  const read = async (): Promise<void> => {
    let text = '';
    for await (const chunk of response.body!.pipeThrough(new TextDecoderStream())) {
      text += chunk;
      const blocks = text.split('\n\n');
      text = blocks.pop() ?? '';
      for (const block of blocks) {
        const field = (name: string): string => new RegExp(`^${name}: (.*)$`, 'm').exec(block)?.[1] ?? '';
        if (field('data')) events.push({ type: field('event'), data: JSON.parse(field('data')) });
      }
    }
  };
  return { events, ended: read().catch(() => undefined), leave: () => abort.abort() };
}

onBothDatabases('following an execution', (given) => {
  let server: TestConsole;
  let database: Database;
  let machineId: string;
  let executionId: string;

  beforeAll(async () => {
    server = await startConsole(given().url);
  });
  afterAll(() => server.stop());
  beforeEach(async () => {
    ({ database } = given());
    machineId = await machineWithLease(database);
    const [row] = await schedule(database, { machineId });
    executionId = row!.id;
  });

  const ring = (): void =>
    server.bus.emit(BusEvents.executionChanged, { executionId, machineId, status: 'RUNNING' });
  const run = (): Promise<unknown> =>
    claimDue(database.work(), { machineId, owner: 'host-a#1', capacity: 1 });
  const end = (): Promise<unknown> =>
    database.transaction((work) => recordCompletion(work, completion({ machineId, executionId })));
  const statuses = (events: Event[]): unknown[] =>
    events.filter(({ type }) => type === 'status').map(({ data }) => data['status']);

  it('shows the row as it is, what changes, output as it comes, and ends with the row', async () => {
    const { events, ended } = await follow(`${server.url}/api/executions/${executionId}/events`);
    await waitFor(() => events.length > 0, { what: 'the first event' });
    await run();
    ring();
    await waitFor(() => statuses(events).includes('RUNNING'), { what: 'RUNNING' });
    server.bus.emit(BusEvents.executionOutput, {
      executionId,
      machineId,
      attempt: 1,
      stream: 'stdout',
      offset: 0,
      data: 'hé\nllo',
    });
    await waitFor(() => events.some(({ type }) => type === 'output'), { what: 'output' });
    await end();
    ring();
    await ended;
    expect(statuses(events)).toEqual(['PENDING', 'RUNNING', 'SUCCESS']);
    expect(events.find(({ type }) => type === 'output')!.data).toEqual({
      attempt: 1,
      stream: 'stdout',
      offset: 0,
      data: 'hé\nllo',
    });
    expect(events.at(-1)!.data).toMatchObject({ id: executionId, exitCode: 0, stdout: 'hello\n' });
  });

  it('sees the end also when every ring was lost', async () => {
    const { events, ended } = await follow(`${server.url}/api/executions/${executionId}/events`);
    await waitFor(() => events.length > 0, { what: 'the first event' });
    await run();
    await end();
    await ended;
    expect(statuses(events).at(-1)).toBe('SUCCESS');
  });

  it('ends at once for an execution that has ended, and hears nothing of others', async () => {
    await run();
    await end();
    const { events, ended } = await follow(`${server.url}/api/executions/${executionId}/events`);
    await ended;
    expect(statuses(events)).toEqual(['SUCCESS']);
  });

  it('does not keep the console from stopping', async () => {
    const other = await startConsole(given().url);
    const { events, ended } = await follow(`${other.url}/api/executions/${executionId}/events`);
    await waitFor(() => events.length > 0, { what: 'the first event' });
    await other.stop();
    await ended;
    expect(await database.work().count(ScriptExecution, { id: executionId })).toBe(1);
  });

  it('is open to twenty streams of one token, and one that ends makes room', async () => {
    const url = `${server.url}/api/executions/${executionId}/events`;
    const streams = await Promise.all(Array.from({ length: 20 }, () => follow(url)));
    const headers = { authorization: `Bearer ${CONSOLE_TOKEN}` };
    const refused = await fetch(url, { headers });
    expect([refused.status, await refused.json()]).toEqual([
      429,
      expect.objectContaining({ code: 'streams.too_many', message: expect.stringContaining('20') }),
    ]);
    streams[0]!.leave();
    await waitFor(
      async () => {
        const abort = new AbortController();
        const { status } = await fetch(url, { headers, signal: abort.signal });
        abort.abort();
        return status === 200;
      },
      { what: 'room for one more' },
    );
    for (const { leave } of streams) leave();
  });
});
