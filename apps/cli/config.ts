import { z } from 'zod';
import { CommandError, EXIT } from './exit-codes.js';

const schema = z.object({
  CONSOLE_URL: z
    .url({ protocol: /^https?$/, error: 'must be an http(s) URL' })
    .default('http://127.0.0.1:4001'),
  CONSOLE_TOKEN: z.string().optional(),
  CONSOLE_TOKEN_FILE: z.string().optional(),
  /** Where `npm start` keeps its data, and the console its token. */
  INFINIBAY_BASE_DIR: z.string().default('.infinibay'),
});
export type CliConfig = Readonly<z.output<typeof schema>>;

/**
 * The only reader of the environment. An empty value counts as unset. @throws CommandError with every fault
 */
export function readConfig(env: NodeJS.ProcessEnv): CliConfig {
  const given = Object.fromEntries(
    Object.keys(schema.shape).flatMap((name) => (env[name] ? [[name, env[name]]] : [])),
  );
  const result = schema.safeParse(given);
  if (!result.success)
    throw new CommandError(
      EXIT.usage,
      result.error.issues.map(({ path, message }) => `${path.join('.')}: ${message}`).join('\n'),
    );
  return Object.freeze(result.data);
}
