export { readRelease, releaseRanges, releaseRemedy, type Release } from './kickstart/release-names.js';
export { checkRequest } from './request.js';
export { validateAnswerFile } from './validate.js';
