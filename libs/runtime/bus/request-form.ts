import { type Fault, faultsOf, isSignedForm, SignedRequest } from '#protocol';

/**
 * What is asked, whichever form it came in: as it is, or as the text in `payload`. Of `auth` the form alone
 * is checked.
 * @returns the request as it was written, or every fault of its form
 */
export function openForm(
  packet: unknown,
): { data: unknown; issues?: undefined } | { data?: undefined; issues: Fault[] } {
  if (!isSignedForm(packet)) return { data: packet };
  const form = SignedRequest.safeParse(packet);
  if (!form.success) return { issues: faultsOf(form.error, packet, SignedRequest) };
  try {
    return { data: JSON.parse(form.data.payload) as unknown };
  } catch {
    const remedy = 'send the request as JSON text';
    return { issues: [{ path: 'payload', message: 'is not JSON', remedy }] };
  }
}
