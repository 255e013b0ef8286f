import type { INestApplication } from '@nestjs/common';
import { DocumentBuilder, type OpenAPIObject, SwaggerModule } from '@nestjs/swagger';
import { ErrorDto, ExecutionEvent } from '#protocol';
import { VERSION } from '#runtime';
import { API_MODULES } from '../../api.modules.js';
import { API_TAGS } from '../operator-api.js';
import { schemaConverter } from './json-schema.js';

const IDEMPOTENCY_KEY = {
  name: 'Idempotency-Key',
  in: 'header',
  description:
    'For a day a request that is sent again under its key gets the first answer again, and is not carried out twice.',
  required: false,
  schema: { type: 'string', minLength: 1, maxLength: 255, pattern: '^[\\x21-\\x7e]+$' },
} as const;

/**
 * The OpenAPI 3.1 document of the operators' API, from its controllers and the schemas that check requests.
 */
export function openApiDocument(app: INestApplication): OpenAPIObject {
  const converter = schemaConverter();
  const document = SwaggerModule.createDocument(app, description(), {
    include: API_MODULES,
    operationIdFactory: (_controller, method) => method,
    standardSchemaConverter: converter,
  });
  const schemas = (document.components ??= {}).schemas ?? {};
  // What is named by reference alone: errors, and events, whose body is not JSON.
  for (const schema of [ErrorDto, ExecutionEvent])
    Object.assign(schemas, converter(schema, { schemaType: 'output' })?.components);
  document.components.parameters = { IdempotencyKey: IDEMPOTENCY_KEY };
  for (const { post, put } of Object.values(document.paths))
    for (const operation of [post, put])
      operation?.parameters?.push({ $ref: '#/components/parameters/IdempotencyKey' });
  return sorted(document);
}

function description(): Omit<OpenAPIObject, 'paths'> {
  const builder = new DocumentBuilder()
    .setOpenAPIVersion('3.1.0')
    .setTitle('Infinibay Guest Suite console')
    .setDescription(
      'What operators and orchestrators use: machines, scripts, their executions, and install media. ' +
        'Times are RFC 3339 in UTC, ids are UUIDs, lists are pages of newest first.',
    )
    .setVersion(VERSION)
    .setLicense('MIT', 'https://opensource.org/license/mit')
    .addServer(
      'http://127.0.0.1:4001',
      'The console on this machine; CONSOLE_HOST and CONSOLE_PORT set another.',
    )
    .addBearerAuth({ type: 'http', scheme: 'bearer', description: 'The console token.' }, 'token');
  for (const [name, words] of Object.entries(API_TAGS)) builder.addTag(name, words);
  return builder.build();
}

/** The same text whatever order the modules are read in. */
function sorted({ paths, components, ...rest }: OpenAPIObject): OpenAPIObject {
  const byName = <T>(record: Record<string, T>): Record<string, T> =>
    Object.fromEntries(Object.entries(record).toSorted(([a], [b]) => (a < b ? -1 : 1)));
  const plain = {
    ...rest,
    paths: byName(paths),
    components: { ...components, schemas: byName(components?.schemas ?? {}) },
  };
  return JSON.parse(JSON.stringify(plain)) as OpenAPIObject;
}
