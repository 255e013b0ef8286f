export { openPasswords, saltsOf, sealPasswords } from './passwords.js';
export { seal, unseal } from './seal.js';
export { isForeign, secretFile } from './secret-file.js';
