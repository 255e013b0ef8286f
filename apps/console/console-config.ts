/** Injection token of the console's configuration. */
export const CONSOLE_CONFIG = Symbol('CONSOLE_CONFIG');

/** Injection token of the token that this console accepts and sends to the media app. */
export const CONSOLE_TOKEN = Symbol('CONSOLE_TOKEN');
