import { createHmac, timingSafeEqual } from 'node:crypto';
import type { SignedEnvelope } from './host-messages.js';

/** The machine's channel secret: 64 lower-case hexadecimal characters, used as text. */
export function deriveVmSecret(masterSecret: string, vmId: string): string {
  return createHmac('sha256', masterSecret).update(vmId).digest('hex');
}

/** Signs one payload. `ts` is in milliseconds by the guest's clock; the nonce must be new for each line. */
export function signEnvelope(
  key: string,
  fields: { ts: number; nonce: string; payload: string },
): SignedEnvelope {
  return { type: 'signed', v: 1, ...fields, sig: signature(key, 1, fields) };
}

/** True when the signature fits; compares in constant time. */
export function verifyEnvelope(key: string, envelope: SignedEnvelope): boolean {
  return timingSafeEqual(
    Buffer.from(envelope.sig, 'hex'),
    Buffer.from(signature(key, envelope.v, envelope), 'hex'),
  );
}

function signature(
  key: string,
  version: number,
  { ts, nonce, payload }: { ts: number; nonce: string; payload: string },
): string {
  return createHmac('sha256', key).update(`${version}\n${ts}\n${nonce}\n${payload}`).digest('hex');
}
