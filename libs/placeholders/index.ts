export { judgementOf, judgePlaceholders } from './judge.js';
