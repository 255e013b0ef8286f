export { matchesWhole, patternFault } from './pattern.js';
