import { errorsOf, type Catalogue } from '#runtime';

export const DISTRIBUTION_CODES = {
  'artifact.not_found': {
    status: 404,
    when: 'There is no such file of the agent, or none of that version or content.',
    remedy: 'GET /infiniservice/metadata lists what is here; npm run build:agent makes the Linux agent',
  },
  'artifact.unreadable': {
    status: 500,
    when: 'A file of the agent is there and cannot be read.',
    remedy: 'give the distribution app read access to the file that the message names',
  },
  'artifact.damaged': {
    status: 503,
    when: 'The kept copy of a file of the agent is no longer what was hashed.',
    remedy: "put the same release's files back, or make the medium again",
  },
  'artifact.metadata_invalid': {
    status: 500,
    when: 'metadata.json is not a JSON object.',
    remedy: 'correct or remove the file that the message names',
  },
  'artifact.bad_hash': {
    status: 400,
    when: 'The hash in the path is not a SHA-256.',
    remedy: 'give 64 lower-case hexadecimal digits',
  },
  'artifact.unknown_platform': {
    status: 400,
    when: 'The platform in the path is not known.',
    remedy: 'use windows or linux',
  },
  'artifact.unknown_arch': {
    status: 400,
    when: 'The architecture is not known, or there is no such file for it.',
    remedy: 'use x86_64 or aarch64; GET /infiniservice/metadata lists what is here',
  },
  'run.not_found': {
    status: 404,
    when: 'The token of a run is unknown, was used already, or is too old.',
    remedy: 'nothing: the agent is given a new token when the run is delivered again',
  },
  'token.too_many_failures': {
    status: 429,
    when: 'Too many tokens that were sent from the address are not known.',
    remedy: 'wait for the seconds of the header Retry-After',
  },
} as const satisfies Catalogue;

export class DistributionError extends errorsOf(DISTRIBUTION_CODES) {}
