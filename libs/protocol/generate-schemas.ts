import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { jsonSchemas } from './json-schemas.js';

/** `npm run schemas`: renews libs/protocol/schemas. */
mkdirSync('libs/protocol/schemas', { recursive: true });
for (const [name, schema] of Object.entries(jsonSchemas())) {
  writeFileSync(join('libs/protocol/schemas', `${name}.schema.json`), `${JSON.stringify(schema, null, 2)}\n`);
}
