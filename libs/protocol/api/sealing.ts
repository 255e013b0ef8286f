import { z } from 'zod';
import { plainPassword, userName } from '../media/request-fields.js';
import { uuid } from './fields.js';

export const SealingKeyDto = z
  .object({
    algorithm: z
      .literal('X25519-HKDF-SHA256-AES256GCM')
      .describe('How passwords are sealed; see docs/bus.md.'),
    publicKey: z.string().describe('32 bytes in base64url.'),
  })
  .meta({
    id: 'SealingKey',
    description: 'The public key to which Windows passwords for the bus are sealed.',
    examples: [
      { algorithm: 'X25519-HKDF-SHA256-AES256GCM', publicKey: '3p7bfXt9wbTTW2HC7OQ1Nz-DQ8hbeGdNrfx-FG-IK08' },
    ],
  });
export type SealingKeyDto = z.output<typeof SealingKeyDto>;

export const SealPassword = z
  .strictObject({
    vmId: uuid.describe('The machine that the password is for.'),
    user: userName.describe('The user that the password is for.'),
    password: plainPassword,
  })
  .meta({
    id: 'SealPassword',
    description: 'A password to be sealed for one user of one machine. It is neither kept nor logged.',
    examples: [{ vmId: '7c0d6f0e-3f5e-4d0c-9d55-1b2f3a4b5c6d', user: 'Ada', password: 'Pass-word-1' }],
  });
export type SealPassword = z.output<typeof SealPassword>;

export const SealedPasswordDto = z
  .object({ passwordSealed: z.string().describe('Goes into users[].passwordSealed of a media request.') })
  .meta({ id: 'SealedPassword', description: 'A password that opens for its user on its machine alone.' });
export type SealedPasswordDto = z.output<typeof SealedPasswordDto>;
