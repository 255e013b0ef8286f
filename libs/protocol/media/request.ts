import type { z } from 'zod';
import { stepsOf } from '../fault.js';
import { checkFamilyRules } from './family-rules.js';
import { checkMachineRules } from './machine-rules.js';
import { RequestFields } from './request-fields.js';

/** The body of `POST /media` and of `media.create`. */
export const MediaRequest: typeof RequestFields = RequestFields.superRefine(
  (request, context) => {
    for (const { path, message, remedy } of [...checkFamilyRules(request), ...checkMachineRules(request)])
      context.addIssue({ code: 'custom', path: stepsOf(path), message, params: { remedy } });
  },
  // Also when a field is wrong by itself: every fault is told, never the first only.
  { when: ({ value }) => typeof value === 'object' && value !== null },
).meta({
  id: 'MediaRequest',
  description: 'A machine that is to install itself: its system, users, network, disk and first scripts.',
  examples: [
    {
      vmId: '7c0d6f0e-3f5e-4d0c-9d55-1b2f3a4b5c6d',
      hostname: 'web-1',
      os: { family: 'ubuntu', version: '24.04' },
      users: [{ name: 'ada', sshKeys: ['ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIE1n6fTlQ2'] }],
    },
  ],
});
/** With its defaults filled in. */
export interface MediaRequest extends z.output<typeof RequestFields> {}
/** A request as it is written: what has a default may be left out. */
export interface MediaRequestInput extends z.input<typeof RequestFields> {}

/** What the bus carries: no plaintext password. */
export const SealedMediaRequest: typeof RequestFields = MediaRequest.superRefine((request, context) => {
  request.users.forEach((entry, index) => {
    if (entry.password !== undefined) {
      context.addIssue({
        code: 'custom',
        path: ['users', index, 'password'],
        message: 'a plain password does not cross the bus',
        params: { remedy: 'send passwordHash, or passwordSealed for Windows' },
      });
    }
  });
}).meta({
  id: 'SealedMediaRequest',
  description: 'A MediaRequest without a plain password: passwordHash for Linux, passwordSealed for Windows.',
});
