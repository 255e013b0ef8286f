export { openPasswords, sealPasswords } from './passwords.js';
export { seal, unseal } from './seal.js';
export { secretFile } from './secret-file.js';
