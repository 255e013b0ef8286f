export { readRelease, releaseRanges, releaseRemedy, type Release } from './kickstart/releases.js';
export { checkRequest } from './request.js';
export { validateAnswerFile } from './validate.js';
