export { readRelease, releaseRanges, releaseRemedy, type Release } from './kickstart/releases.js';
export { checkRequest, type RequestReport } from './request.js';
export { validateAnswerFile } from './validate.js';
