export * from './api/commands.js';
export * from './api/error-codes.js';
export * from './api/errors.js';
export * from './api/executions.js';
export * from './api/fields.js';
export * from './api/machines.js';
export * from './api/pages.js';
export * from './api/scripts.js';
export * from './api/sealing.js';
export * from './bus/messages.js';
export { BusError, type BusReply } from './bus/reply.js';
export {
  openSealedPassword,
  type PasswordOwner,
  sealingPublicKey,
  sealPassword,
} from './bus/sealed-password.js';
export { type BusKey, isSignedForm, SignedRequest, signRequest } from './bus/signed-request.js';
export { deriveVmSecret, signEnvelope, verifyEnvelope } from './channel/envelope.js';
export type { ProvedMedium, RunEntry, SetupState } from './channel/fields.js';
export * as guest from './channel/guest-messages.js';
export type {
  CommandResponse,
  GuestMessage,
  Handshake,
  ScriptCompletion,
  ScriptOutput,
  ScriptStarted,
} from './channel/guest-messages.js';
export * as host from './channel/host-messages.js';
export type { HostMessage, PendingScript, SignedEnvelope } from './channel/host-messages.js';
export { CHANNEL_LIMITS, PROTOCOL_VERSION } from './channel/limits.js';
export { type DecodedLine, LineDecoder } from './channel/line-decoder.js';
export {
  parseGuestLine,
  type ParsedLine,
  recoverCompletion,
  type RecoveredCompletion,
} from './channel/parse.js';
export { didYouMean, type Fault, type FaultBelow, stepsOf } from './fault.js';
export { FAMILY_RULES, type FamilyRules } from './media/family-rules.js';
export * from './media/locales-and-keyboards.js';
export { CPU_MODELS, levelOfModel } from './media/cpu-models.js';
export { levelsOf } from './media/machine-rules.js';
export { isSystemName } from './media/system-users.js';
export { nearest } from './nearest.js';
export { DELIVERY_NAMES } from './media/deliveries.js';
export { USUAL_WINDOWS_DRIVERS, WINDOWS_DRIVERS } from './media/windows-drivers.js';
export { cloudImageWarnings, imageCloudInit } from './media/cloud-images.js';
export * from './media/network-cards.js';
export * from './media/plan.js';
export * from './media/result.js';
export * from './media/releases.js';
export { OS_FAMILIES, plainPassword } from './media/request-fields.js';
export * from './media/request.js';
export { asWarnings, requestWarnings, type Warning } from './media/warnings.js';
export { InputError, inputEnvironment, substituteInputs } from './scripts/inputs.js';
export * from './scripts/placeholders.js';
export { quoteFor, UnquotableError } from './scripts/quoting.js';
export * from './statuses.js';
export * from './storable.js';
export { checkInputs } from './scripts/check-inputs.js';
export { valueAt } from './schema-walk.js';
export { isTimeZone, timeZones } from './time-zones.js';
export { faultsBelow, faultsOf, UNKNOWN_FIELD } from './zod-faults.js';
