import { z } from 'zod';
import {
  AuditDto,
  CommandDto,
  CreateCommand,
  CreateMachine,
  CreateScript,
  DownloadDto,
  ErrorDto,
  ExecutionDto,
  ExplanationDto,
  HostDto,
  MachineDto,
  MachineEventDto,
  MachineHealthDto,
  MediaRequest,
  MediaResult,
  ScheduleExecutions,
  ScriptDto,
} from '#protocol';

interface Route {
  method: 'get' | 'post' | 'put' | 'delete';
  path: string;
  summary: string;
  body?: z.ZodType;
  status: number;
  response?: z.ZodType | 'text/plain' | 'text/event-stream' | 'application/octet-stream';
  query?: string[];
}

const list = (item: z.ZodType): z.ZodType =>
  z.object({ items: z.array(item), nextCursor: z.string().nullable() });
const page = ['cursor', 'limit'];

const ROUTES: Route[] = [
  {
    method: 'post',
    path: '/api/machines',
    summary: 'Register a machine',
    body: CreateMachine,
    status: 201,
    response: MachineDto,
  },
  {
    method: 'get',
    path: '/api/machines',
    summary: 'List machines',
    status: 200,
    response: list(MachineDto),
    query: page,
  },
  { method: 'get', path: '/api/machines/{id}', summary: 'One machine', status: 200, response: MachineDto },
  {
    method: 'delete',
    path: '/api/machines/{id}',
    summary: 'Remove a machine; 409 with open executions unless force=true',
    status: 204,
    query: ['force'],
  },
  {
    method: 'get',
    path: '/api/machines/{id}/health',
    summary: 'Is InfiniService installed and talking?',
    status: 200,
    response: MachineHealthDto,
  },
  {
    method: 'get',
    path: '/api/machines/{id}/events',
    summary: 'What happened to it, newest first',
    status: 200,
    response: list(MachineEventDto),
    query: page,
  },
  {
    method: 'get',
    path: '/api/machines/{id}/metrics',
    summary: 'What its agent measured, newest first',
    status: 200,
    response: list(MachineEventDto),
    query: page,
  },
  {
    method: 'get',
    path: '/api/machines/{id}/downloads',
    summary: 'What it fetched, newest first',
    status: 200,
    response: list(DownloadDto),
    query: page,
  },
  {
    method: 'post',
    path: '/api/machines/{id}/commands',
    summary: 'Ask a running machine; wait=seconds waits for its answer',
    body: CreateCommand,
    status: 202,
    response: CommandDto,
    query: ['wait'],
  },
  {
    method: 'get',
    path: '/api/machines/{id}/commands',
    summary: 'What it was asked, newest first',
    status: 200,
    response: list(CommandDto),
    query: page,
  },
  {
    method: 'get',
    path: '/api/machines/{id}/commands/{commandId}',
    summary: 'One command and its answer',
    status: 200,
    response: CommandDto,
  },
  {
    method: 'post',
    path: '/api/scripts',
    summary: 'Create a script',
    body: CreateScript,
    status: 201,
    response: ScriptDto,
  },
  {
    method: 'get',
    path: '/api/scripts',
    summary: 'List scripts',
    status: 200,
    response: list(ScriptDto),
    query: page,
  },
  {
    method: 'get',
    path: '/api/scripts/{id}',
    summary: 'The newest version of a script',
    status: 200,
    response: ScriptDto,
  },
  {
    method: 'put',
    path: '/api/scripts/{id}',
    summary: 'Make a new version',
    body: CreateScript,
    status: 200,
    response: ScriptDto,
  },
  {
    method: 'post',
    path: '/api/executions',
    summary: 'Schedule a script on machines: one row each',
    body: ScheduleExecutions,
    status: 201,
    response: z.object({ items: z.array(ExecutionDto) }),
  },
  {
    method: 'get',
    path: '/api/executions',
    summary: 'List executions',
    status: 200,
    response: list(ExecutionDto),
    query: ['machineId', 'status', 'seriesId', 'from', 'to', ...page],
  },
  {
    method: 'get',
    path: '/api/executions/{id}',
    summary: 'One execution',
    status: 200,
    response: ExecutionDto,
  },
  {
    method: 'get',
    path: '/api/executions/{id}/output',
    summary: 'What it printed',
    status: 200,
    response: 'text/plain',
    query: ['stream'],
  },
  {
    method: 'get',
    path: '/api/executions/{id}/events',
    summary: 'Live status and output',
    status: 200,
    response: 'text/event-stream',
  },
  {
    method: 'get',
    path: '/api/executions/{id}/explanation',
    summary: 'Why it is where it is',
    status: 200,
    response: ExplanationDto,
  },
  {
    method: 'post',
    path: '/api/executions/{id}/cancel',
    summary: 'Ask for its end',
    status: 202,
    response: ExecutionDto,
  },
  {
    method: 'post',
    path: '/api/series/{id}/stop',
    summary: 'Stop a series',
    status: 200,
    response: z.object({ seriesId: z.uuid(), cancelled: z.array(z.uuid()) }),
  },
  {
    method: 'post',
    path: '/api/media',
    summary: 'Make an install medium; dryRun=true writes nothing',
    body: MediaRequest,
    status: 201,
    response: MediaResult,
    query: ['dryRun'],
  },
  { method: 'get', path: '/api/media/{id}', summary: 'One medium', status: 200, response: MediaResult },
  {
    method: 'get',
    path: '/api/media/{id}/files/{name}',
    summary: 'A file of a medium',
    status: 200,
    response: 'application/octet-stream',
  },
  { method: 'delete', path: '/api/media/{id}', summary: 'Delete a medium', status: 204 },
  { method: 'get', path: '/api/hosts', summary: 'Gateways', status: 200, response: list(HostDto) },
  {
    method: 'get',
    path: '/api/audit',
    summary: 'Who changed what',
    status: 200,
    response: list(AuditDto),
    query: page,
  },
];

const schemaOf = (schema: z.ZodType, io: 'input' | 'output'): unknown => {
  const { $schema: _, ...rest } = z.toJSONSchema(schema, {
    io,
    unrepresentable: 'any',
    target: 'draft-2020-12',
  });
  return rest;
};

/** The OpenAPI 3.1 document of the console's routes, made from the schemas that check them. */
export function openApiDocument(): object {
  const paths: Record<string, Record<string, unknown>> = {};
  for (const route of ROUTES) {
    const names = [...route.path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name);
    const parameters = [
      ...names.map((name) => ({ name, in: 'path', required: true, schema: { type: 'string' } })),
      ...(route.query ?? []).map((name) => ({
        name,
        in: 'query',
        required: false,
        schema: { type: 'string' },
      })),
      ...(route.method === 'post'
        ? [
            {
              name: 'Idempotency-Key',
              in: 'header',
              required: false,
              schema: { type: 'string', maxLength: 255 },
            },
          ]
        : []),
    ];
    const { response } = route;
    const content =
      response === undefined
        ? undefined
        : typeof response === 'string'
          ? { [response]: {} }
          : { 'application/json': { schema: schemaOf(response, 'output') } };
    (paths[route.path] ??= {})[route.method] = {
      summary: route.summary,
      ...(parameters.length > 0 ? { parameters } : {}),
      ...(route.body
        ? {
            requestBody: {
              required: true,
              content: { 'application/json': { schema: schemaOf(route.body, 'input') } },
            },
          }
        : {}),
      responses: {
        [route.status]: { description: 'Done', ...(content ? { content } : {}) },
        default: {
          description: 'A fault, with its code',
          content: { 'application/json': { schema: { $ref: '#/components/schemas/Error' } } },
        },
      },
    };
  }
  return {
    openapi: '3.1.0',
    info: { title: 'Infinibay Guest Suite console', version: '0.1.0', license: { name: 'MIT' } },
    security: [{ token: [] }],
    paths,
    components: {
      securitySchemes: { token: { type: 'http', scheme: 'bearer' } },
      schemas: { Error: schemaOf(ErrorDto, 'output') },
    },
  };
}

/** Method and path of each documented route, for the test that none is missing. */
export function documentedRoutes(): string[] {
  return ROUTES.map(({ method, path }) => `${method.toUpperCase()} ${path}`);
}
