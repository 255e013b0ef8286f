export { readScript } from './read-script.js';
export { renderScript, type ScriptValues } from './render-script.js';
