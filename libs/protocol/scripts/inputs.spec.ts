import { describe, expect, it } from '@jest/globals';
import { checkInputs as check } from './check-inputs.js';
import { InputError, inputEnvironment, substituteInputs } from './inputs.js';

/** The digits are all that a case here asks for. */
const checkInputs = (declared: Parameters<typeof check>[0], given: Parameters<typeof check>[1]) =>
  check(declared, given, (_pattern, text) => /^\d+$/.test(text));

const script = {
  shell: 'SH' as const,
  content: 'echo ${{ inputs.name }} ${{inputs.count}}',
  inputs: [
    { name: 'name', type: 'text' as const, required: true },
    { name: 'count', type: 'number' as const, required: false, default: 3 },
  ],
};

describe('substituteInputs', () => {
  it('puts values in as one word each', () => {
    expect(substituteInputs('SH', script.content, { name: "it's $(id)", count: 3 })).toBe(
      `echo 'it'\\''s $(id)' '3'`,
    );
  });

  it('does not expand a value again', () => {
    expect(substituteInputs('SH', 'echo ${{ inputs.a }}', { a: '${{ inputs.b }}', b: 'x' })).toBe(
      "echo '${{ inputs.b }}'",
    );
  });

  it('names the input that is missing, and does not find it on the prototype', () => {
    expect(() => substituteInputs('SH', 'echo ${{ inputs.toString }}', {})).toThrow(InputError);
  });

  it('refuses a line break where cmd would end the command', () => {
    expect(() => substituteInputs('CMD', 'echo ${{ inputs.a }}', { a: 'x\r\ndel' })).toThrow(/line break/);
  });
});

describe('checkInputs', () => {
  it('lists every fault with its path', () => {
    const { faults } = checkInputs(script, { count: 'many', other: 1 });
    expect(faults.map(({ path }) => path).sort()).toEqual(['inputs.count', 'inputs.name', 'inputs.other']);
  });

  it('fills in defaults', () => {
    expect(checkInputs(script, { name: 'x' })).toEqual({ values: { name: 'x', count: 3 }, faults: [] });
  });

  it('refuses a value that is no option or does not match, whole', () => {
    const inputs = [
      { name: 'size', type: 'select' as const, required: true, options: ['s', 'm'] },
      { name: 'port', type: 'text' as const, required: true, pattern: '\\d+' },
    ];
    const { faults } = checkInputs({ ...script, content: '', inputs }, { size: 'xl', port: '80; id' });
    expect(faults.map(({ path }) => path)).toEqual(['inputs.size', 'inputs.port']);
  });

  it('refuses a script that outgrows the channel with its inputs', () => {
    const { faults } = checkInputs(
      { ...script, content: '${{ inputs.name }}'.repeat(10) },
      { name: 'x'.repeat(60_000) },
    );
    expect(faults[0]).toMatchObject({
      path: 'inputs',
      message: expect.stringContaining('the channel carries'),
    });
  });
});

describe('inputEnvironment', () => {
  it('names variables after the inputs', () => {
    expect(inputEnvironment({ name: 'a', on: true })).toEqual({
      INFINIBAY_INPUT_NAME: 'a',
      INFINIBAY_INPUT_ON: 'true',
    });
  });
});
