export * from './yaml/answer.js';
export type { AnswerFault } from './fault.js';
export { checkKickstart, type KickstartReport } from './kickstart/check.js';
export { RELEASE_NAMES, readRelease, releaseRemedy, type Release } from './kickstart/releases.js';
