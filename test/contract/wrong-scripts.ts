import { CHANNEL_LIMITS } from '#protocol';
import type { WrongInput } from './wrong-inputs.js';

const script = (more: object): object => ({ name: 'x', shell: 'SH', content: 'id', ...more });

/** Scripts that are not taken. */
export const WRONG_SCRIPTS: WrongInput[] = [
  {
    name: 'script: python',
    path: '/api/scripts',
    body: script({ shell: 'PYTHON' }),
    status: 400,
    faults: [['shell', 'must be POWERSHELL, CMD, BASH or SH', 'use one of them']],
  },
  {
    name: 'script: no content',
    path: '/api/scripts',
    body: { name: 'x', shell: 'SH' },
    status: 400,
    faults: [['content', 'is missing: the text of the script', 'add it, such as uname -a']],
  },
  {
    name: 'script: everything empty',
    path: '/api/scripts',
    body: script({ name: '', content: '', platforms: [] }),
    status: 400,
    faults: [
      ['name', 'must not be empty', 'give one such as install nginx'],
      ['platforms', 'must not be empty', 'fill it in'],
      ['content', 'must not be empty', 'give one such as uname -a'],
    ],
  },
  {
    name: 'script: too long for the channel, and with NUL in it',
    path: '/api/scripts',
    body: script({ content: `${'x'.repeat(CHANNEL_LIMITS.scriptContent)}\0` }),
    status: 400,
    faults: [
      ['content', 'must not contain NUL', 'leave NUL out'],
      [
        'content',
        'must be at most 262144 bytes: that is what one line of the channel carries',
        'shorten it, or let it fetch its rest',
      ],
    ],
  },
  {
    name: 'script: a user with a blank, and a promise that is not given',
    path: '/api/scripts',
    body: script({ runAs: 'web admin', retry: { maxAttempts: 2, safe: false } }),
    status: 400,
    faults: [
      ['runAs', 'must be a user name of the guest', 'give one such as postgres'],
      [
        'retry.safe',
        'retries need safe: true, the promise that running twice does no harm',
        'give one such as true',
      ],
    ],
  },
  {
    name: 'script: a time-out in words',
    path: '/api/scripts',
    body: script({ timeoutSeconds: '10m' }),
    status: 400,
    faults: [['timeoutSeconds', 'must be a whole number of seconds', 'correct the value']],
  },
  {
    name: 'script: retries without the promise',
    path: '/api/scripts',
    body: script({ retry: { maxAttempts: 3 } }),
    status: 400,
    faults: [
      ['retry.safe', 'retries need safe: true, the promise that running twice does no harm', 'add it: true'],
    ],
  },
  {
    name: 'script: select without options',
    path: '/api/scripts',
    body: script({ inputs: [{ name: 'c', type: 'select' }] }),
    status: 400,
    faults: [['inputs.0.options', 'a select needs its options', 'add options: ["small", "large"]']],
  },
];
