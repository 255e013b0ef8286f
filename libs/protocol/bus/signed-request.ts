import { createHmac } from 'node:crypto';
import { z } from 'zod';

const Auth = z
  .strictObject({
    key: z
      .string()
      .regex(/^[\w.:-]{1,128}$/, 'must be 1 to 128 letters, digits, . _ : or -')
      .meta({ description: 'Name of the key; never the key itself.', examples: ['orchestrator-1'] }),
    time: z.iso
      .datetime({ offset: true, error: 'must be a time such as 2027-01-31T14:00:00Z' })
      .meta({ description: 'When it was signed, RFC 3339.' }),
    mac: z
      .string()
      .regex(/^[0-9A-Fa-f]{64}$/, 'must be 64 hexadecimal digits')
      .meta({
        description:
          'Hex HMAC-SHA256 of `<pattern>\\n<time>\\n<payload>` under the key, its text taken as UTF-8.',
      }),
  })
  .meta({
    id: 'BusAuth',
    description: 'Who asks, proved. In this version optional, and only its form is checked.',
  });

/**
 * The second form of every request: the request as text, so that what was signed is what is read. JSON is not
 * the same text after parsing.
 */
export const SignedRequest = z
  .strictObject({
    payload: z.string().meta({ description: 'The request, as JSON text.' }),
    auth: Auth.optional(),
  })
  .meta({
    id: 'SignedRequest',
    description: 'The second form of every request: its JSON as text, with or without a signature.',
  });
export type SignedRequest = z.output<typeof SignedRequest>;

/** A key for signing requests: its name, which is sent, and its secret, which is not. */
export interface BusKey {
  name: string;
  secret: string;
}

/**
 * Puts a request into its second form.
 * @param key without one the request goes unsigned
 * @param now when it is signed
 */
export function signRequest(pattern: string, request: object, key?: BusKey, now = new Date()): SignedRequest {
  const payload = JSON.stringify(request);
  if (!key) return { payload };
  const time = now.toISOString();
  return { payload, auth: { key: key.name, time, mac: requestMac(key.secret, pattern, time, payload) } };
}

function requestMac(secret: string, pattern: string, time: string, payload: string): string {
  return createHmac('sha256', secret).update(`${pattern}\n${time}\n${payload}`).digest('hex');
}

/** True for data that is meant as the second form. No request has a field `payload` of its own. */
export function isSignedForm(data: unknown): boolean {
  return typeof data === 'object' && data !== null && Object.hasOwn(data, 'payload');
}
