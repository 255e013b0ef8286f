import { stepsOf } from '../fault.js';
import { checkFamilyRules } from './family-rules.js';
import { type MediaRequest as MediaRequestFields, RequestFields } from './request-fields.js';

/** The body of `POST /media` and of `media.create`. */
export const MediaRequest = RequestFields.superRefine(
  (request, context) => {
    for (const { path, message, remedy } of checkFamilyRules(request))
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
export type MediaRequest = MediaRequestFields;

/** What the media app stores and the bus carries: no plaintext password. */
export const SealedMediaRequest = MediaRequest.superRefine((request, context) => {
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
});
