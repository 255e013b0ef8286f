import { z } from 'zod';
import {
  displayName,
  inputValue,
  platform,
  runAs,
  givenShell,
  shell,
  SHELL_PLATFORMS,
  shownId,
  timeoutSeconds,
  wireTime,
} from './fields.js';
import { CHANNEL_LIMITS } from '../channel/limits.js';
import { dbInt, dbText } from '../storable.js';

const inputType = z
  .enum(['text', 'number', 'boolean', 'select', 'password'])
  .meta({ id: 'InputType', description: 'A password is sealed at rest and shown nowhere.' });

export const ScriptInput = z
  .strictObject({
    name: dbText(
      63,
      /^[A-Za-z_]\w{0,62}$/,
      'must begin with a letter or _ and go on with letters, digits or _',
    ),
    type: inputType,
    required: z.boolean().default(false),
    default: inputValue.optional(),
    options: z.array(dbText(256)).min(1).max(256).optional(),
    pattern: dbText(512)
      .optional()
      .describe(
        'An ECMAScript regular expression that the whole value must match, without look-around and back references.',
      ),
  })
  .superRefine((input, context) => {
    const fault = (path: string, message: string, remedy: string) =>
      context.addIssue({ code: 'custom', path: [path], message, params: { remedy } });
    if (input.type === 'select' && !input.options)
      fault('options', 'a select needs its options', 'add options: ["small", "large"]');
    if (input.type !== 'select' && input.options)
      fault('options', 'only a select has options', 'leave options out, or set type: "select"');
    if (input.type === 'password' && input.default !== undefined)
      fault('default', 'a password has no default', 'leave it out');
    if (input.name === '__proto__')
      fault('name', 'is no name that a JSON object can carry', 'choose another');
    if (input.default !== undefined && input.type !== 'password') {
      const expected = input.type === 'number' || input.type === 'boolean' ? input.type : 'string';
      if (typeof input.default !== expected) fault('default', `must be a ${expected}`, `give a ${expected}`);
      else if (input.type === 'select' && input.options && !input.options.includes(String(input.default)))
        fault('default', 'is not one of the options', `choose from ${input.options.join(', ')}`);
    }
    if (input.pattern !== undefined) {
      try {
        // As it will be used: the whole value, with Unicode.
        new RegExp(`^(?:${input.pattern})$`, 'u');
      } catch {
        fault('pattern', 'is not a regular expression', 'correct it: it is read as JavaScript reads /…/u');
      }
    }
  })
  .meta({ id: 'DeclareInput', description: 'An input that a script takes, as `${{ inputs.name }}`.' });
export type ScriptInput = z.output<typeof ScriptInput>;

export const CreateScript = z
  .strictObject({
    name: displayName.meta({ description: 'What people call the script.', examples: ['install nginx'] }),
    description: dbText(2000).optional(),
    platforms: z.array(platform).min(1).max(2).optional(),
    shell: givenShell,
    // Its bytes are counted below; no text has more characters than bytes.
    content: dbText(4 * CHANNEL_LIMITS.scriptContent)
      .min(1, 'must not be empty')
      .refine((text) => Buffer.byteLength(text) <= CHANNEL_LIMITS.scriptContent, {
        error: `must be at most ${CHANNEL_LIMITS.scriptContent} bytes: that is what one line of the channel carries`,
        params: { remedy: 'shorten it, or let it fetch its rest' },
      })
      .meta({ description: 'The text of the script.', examples: ['uname -a'] }),
    inputs: z.array(ScriptInput).max(64).default([]),
    timeoutSeconds: timeoutSeconds.default(600),
    runAs: runAs.optional(),
    retry: z
      .strictObject({
        maxAttempts: dbInt(1, 10),
        safe: z
          .literal(true, {
            error: 'retries need safe: true, the promise that running twice does no harm',
          })
          .meta({ examples: [true] }),
      })
      .optional(),
  })
  .superRefine((script, context) => {
    const names = new Set<string>();
    const variables = new Set<string>();
    script.inputs.forEach((input, index) => {
      if (names.has(input.name))
        context.addIssue({
          code: 'custom',
          path: ['inputs', index, 'name'],
          message: `${input.name} is declared twice`,
          params: { remedy: 'keep one of them' },
        });
      else if (variables.has(input.name.toUpperCase()))
        context.addIssue({
          code: 'custom',
          path: ['inputs', index, 'name'],
          message: `${input.name} differs in case only from another input: both would be INFINIBAY_INPUT_${input.name.toUpperCase()}`,
          params: { remedy: 'choose another name' },
        });
      names.add(input.name);
      variables.add(input.name.toUpperCase());
    });
    for (const [index, wanted] of (script.platforms ?? []).entries()) {
      if (!SHELL_PLATFORMS[script.shell].includes(wanted))
        context.addIssue({
          code: 'custom',
          path: ['platforms', index],
          message: `${script.shell} does not run on ${wanted}`,
          params: { remedy: 'leave the platform out, or choose another shell' },
        });
    }
  })
  .meta({
    id: 'CreateScript',
    description: 'A script, or its next version.',
    examples: [
      {
        name: 'greet',
        shell: 'SH',
        content: 'echo ${{ inputs.greeting }}',
        inputs: [{ name: 'greeting', type: 'text', required: true }],
      },
    ],
  });
export type CreateScript = z.output<typeof CreateScript>;

/** The platforms a script is for when it does not say so. */
export function defaultPlatforms(script: { shell: keyof typeof SHELL_PLATFORMS }): ('windows' | 'linux')[] {
  return SHELL_PLATFORMS[script.shell].slice(0, 1);
}

/** An input as it was declared, with its defaults. */
const DeclaredInput = z
  .object({
    name: z.string(),
    type: inputType,
    required: z.boolean(),
    default: inputValue.optional(),
    options: z.array(z.string()).optional(),
    pattern: z.string().optional(),
  })
  .meta({ id: 'DeclaredInput', description: 'An input that a script takes.' });

export const ScriptDto = z
  .object({
    id: shownId,
    version: z.number().int().min(1),
    name: z.string(),
    description: z.string().nullable(),
    platforms: z.array(platform),
    shell,
    content: z.string(),
    inputs: z.array(DeclaredInput),
    timeoutSeconds: z.number().int(),
    runAs: z.string().nullable(),
    retry: z.object({ maxAttempts: z.number().int(), safe: z.boolean() }).nullable(),
    sha256: z.string().describe('Hexadecimal, of the content.'),
    createdAt: wireTime.describe('When this version was made.'),
  })
  .meta({ id: 'Script', description: 'A script in one version; its executions name the version they ran.' });
export type ScriptDto = z.output<typeof ScriptDto>;
