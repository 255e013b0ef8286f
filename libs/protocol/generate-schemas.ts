import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { stringify } from 'yaml';
import { asyncApi } from './asyncapi.js';
import { jsonSchemas } from './json-schemas.js';

/** `npm run schemas`: renews libs/protocol/schemas and libs/protocol/asyncapi.yaml. */
const folder = 'libs/protocol';
mkdirSync(join(folder, 'schemas'), { recursive: true });
for (const [name, schema] of Object.entries(jsonSchemas())) {
  writeFileSync(join(folder, 'schemas', `${name}.schema.json`), `${JSON.stringify(schema, null, 2)}\n`);
}
const { version } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as { version: string };
writeFileSync(
  join(folder, 'asyncapi.yaml'),
  stringify(asyncApi(version), { lineWidth: 0, aliasDuplicateObjects: false }),
);
