import { mkdirSync, writeFileSync } from 'node:fs';
import { openApiDocument } from './document.js';

/** `npm run openapi`: renews docs/openapi/console.json. */
mkdirSync('docs/openapi', { recursive: true });
writeFileSync('docs/openapi/console.json', `${JSON.stringify(openApiDocument(), null, 2)}\n`);
