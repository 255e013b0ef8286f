import { mkdirSync, writeFileSync } from 'node:fs';
import { previewedDocument } from './preview.js';

/** `npm run openapi`: renews docs/openapi/console.json. */
mkdirSync('docs/openapi', { recursive: true });
writeFileSync('docs/openapi/console.json', `${JSON.stringify(await previewedDocument(), null, 2)}\n`);
