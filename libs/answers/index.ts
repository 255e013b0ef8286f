export { readRelease, releaseRanges, releaseRemedy, type Release } from './kickstart/releases.js';
export { checkRequest, type RequestReport } from './request.js';
export { ANSWER_FAMILIES, type AnswerFamily, type AnswerReport, validateAnswerFile } from './validate.js';
