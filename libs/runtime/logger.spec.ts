import { Writable } from 'node:stream';
import { describe, expect, it } from '@jest/globals';
import { createLogger, type Logger, NestLogger, redactText, shortId } from './logger.js';

const VM_ID = '0f6e2a4c-1111-4222-8333-944455556666';
const CANARY = 'canary-5d1c';

function logged(
  write: (logger: Logger) => void,
  level = 'trace',
): { text: string; lines: Record<string, unknown>[] } {
  let text = '';
  const stream = new Writable({
    write: (chunk: Buffer, _encoding, done) => {
      text += chunk.toString();
      done();
    },
  });
  write(createLogger({ level, app: 'test', stream }));
  return {
    text,
    lines: text
      .split('\n')
      .filter(Boolean)
      .map((line) => JSON.parse(line) as Record<string, unknown>),
  };
}

const SECRETS = [
  'password',
  'passwordHash',
  'token',
  'secret',
  'authorization',
  'inputs',
  'inputValues',
  'stdout',
  'stderr',
  'content',
  'payload',
];

describe('secrets', () => {
  it.each(SECRETS)('in a field called %s are gone, however deep', (name) => {
    const { text } = logged((logger) => {
      logger.info({ [name]: CANARY }, 'flat');
      logger.info({ user: { [name]: CANARY } }, 'inside');
      logger.info({ request: { user: { [name]: CANARY } } }, 'deeper');
      logger.info({ list: [{ [name]: { nested: CANARY } }] }, 'in a list');
      logger.info({ a: { b: { c: { d: { [name]: CANARY } } } } }, 'far down');
      logger.child({ [name]: CANARY }).info('of a child');
    });
    expect(text).not.toContain(CANARY);
    expect(text.split('\n').filter(Boolean)).toHaveLength(6);
  });

  it('in an error that a database threw are gone: neither its statement nor the values of the row are written', () => {
    const error = Object.assign(new Error('UNIQUE constraint failed'), {
      code: 'SQLITE_CONSTRAINT',
      query: `values ('${CANARY}')`,
      detail: `Key (token)=(${CANARY}) exists`,
      name: 'UniqueConstraintViolationException',
    });
    const { text, lines } = logged((logger) => {
      logger.warn({ err: error }, 'not recorded');
      logger.warn({ err: new Error('outer', { cause: error }) }, 'not recorded');
    });
    expect(text).not.toContain(CANARY);
    expect(lines[0]).toMatchObject({
      err: {
        stack: expect.stringContaining('logger.spec.ts'),
        type: 'UniqueConstraintViolationException',
        code: 'SQLITE_CONSTRAINT',
        message: expect.stringContaining('UNIQUE constraint failed'),
      },
    });
    expect(JSON.stringify(lines[1])).toContain('outer');
  });
});

describe('an error that shows the entity it is about', () => {
  it('is written without it', () => {
    const error = new Error(
      `Value for Machine.name is required\nentity: Machine {\n  secret: '${CANARY}'\n}`,
    );
    const { text } = logged((logger) => logger.warn({ err: error }, 'not recorded'));
    expect(text).not.toContain(CANARY);
    expect(text).toContain('Value for Machine.name is required');
  });
});

describe('VM ids', () => {
  it('are shortened in their own fields, also inside others', () => {
    const { text, lines } = logged((logger) => {
      logger.info({ machineId: VM_ID, vmId: VM_ID }, 'flat');
      logger.info({ execution: { machineId: VM_ID } }, 'inside');
      logger.child({ machineId: VM_ID }).info('of a child');
    });
    expect(text).not.toContain(VM_ID);
    expect(lines[0]).toMatchObject({ machineId: '0f6e2a4c', vmId: '0f6e2a4c' });
  });

  it('are shortened in messages and errors', () => {
    const { text } = logged((logger) => {
      logger.info(`machine ${VM_ID} is here`);
      logger.info({ path: `/api/machines/${VM_ID}` }, 'request');
      logger.error({ err: new Error(`no machine ${VM_ID.toUpperCase()}`) }, 'failed');
    });
    expect(text.toLowerCase()).not.toContain(VM_ID);
    expect(text).toContain('machine 0f6e2a4c… is here');
  });

  it('stay whole in the object that was handed in: logging changes nothing', () => {
    const machine = { machineId: VM_ID, nested: { vmId: VM_ID } };
    logged((logger) => logger.info(machine, 'seen'));
    expect(machine).toEqual({ machineId: VM_ID, nested: { vmId: VM_ID } });
  });

  it('do not shorten the ids that a log is searched for', () => {
    const { lines } = logged((logger) => logger.info({ correlationId: VM_ID, executionId: VM_ID }, 'done'));
    expect(lines[0]).toMatchObject({ correlationId: VM_ID, executionId: VM_ID });
  });

  it('are recognised in any text', () => {
    expect(redactText(`a ${VM_ID}, b ${VM_ID}.`)).toBe('a 0f6e2a4c…, b 0f6e2a4c….');
    expect(redactText('nothing here 0f6e2a4c-1111')).toBe('nothing here 0f6e2a4c-1111');
    expect(shortId(VM_ID)).toBe('0f6e2a4c');
  });
});

describe('lines', () => {
  it('are one JSON object each, with app, time and level, whatever is in them', () => {
    const { lines } = logged((logger) => logger.info({ file: 'a\nb' }, 'line one\nline two'));
    expect(lines).toHaveLength(1);
    expect(lines[0]).toMatchObject({ app: 'test', level: 30, file: 'a\nb', msg: 'line one\nline two' });
    expect(String(lines[0]?.['time'])).toMatch(/^\d{4}-\d\d-\d\dT/);
  });

  it('are written for what has no end and for what is no text', () => {
    const cycle: Record<string, unknown> = { name: 'a' };
    cycle['self'] = cycle;
    const { lines } = logged((logger) =>
      logger.info(
        { cycle, bytes: Buffer.from('abc'), nothing: null, missing: undefined, at: new Date(0) },
        'odd',
      ),
    );
    expect(lines[0]).toMatchObject({
      bytes: '3 bytes',
      nothing: null,
      at: '1970-01-01T00:00:00.000Z',
      msg: 'odd',
    });
  });

  it('below the level are not written', () => {
    expect(logged((logger) => logger.info('quiet'), 'warn').lines).toEqual([]);
  });

  it('of Nest come in the same form', () => {
    const { lines, text } = logged((logger) => {
      const nest = new NestLogger(logger);
      nest.log('mapped', 'Router');
      nest.warn(`odd ${VM_ID}`, 'Router');
      nest.error(new Error(`broken ${VM_ID}`), 'stack', 'Router');
      nest.debug('detail');
      nest.verbose('more');
    });
    expect(lines.map(({ level }) => level)).toEqual([20, 40, 50, 10, 10]);
    expect(lines[1]).toMatchObject({ context: 'Router', msg: 'odd 0f6e2a4c…' });
    expect(text).not.toContain(VM_ID);
  });
});
