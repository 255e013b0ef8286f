import { errorsOf, type Catalogue } from '#runtime';

export const GATEWAY_CODES = {
  'gateway.sockets_exposed': {
    status: 500,
    atStart: true,
    when: "Others than the gateway's user and group may enter the folder of sockets, or the group may write to it.",
    remedy: 'chmod 750 the folder that the message names',
  },
} as const satisfies Catalogue;

export class GatewayError extends errorsOf(GATEWAY_CODES) {}
