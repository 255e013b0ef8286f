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
);
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
