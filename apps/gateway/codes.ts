import { errorsOf, type Catalogue } from '#runtime';

export const GATEWAY_CODES = {
  'gateway.sockets_exposed': {
    status: 500,
    atStart: true,
    when: "Others than the gateway's user and group may enter the folder of sockets, the group may write to it, or it belongs to another user, who is not root.",
    remedy: "chmod 750 the folder that the message names, or run the gateway as the folder's owner",
  },
} as const satisfies Catalogue;

export class GatewayError extends errorsOf(GATEWAY_CODES) {}
