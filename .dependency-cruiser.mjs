/** Who may import whom: docs/architecture.md. Checked in `npm test`. */
export default {
  forbidden: [
    {
      name: 'no-cycles',
      severity: 'error',
      from: {},
      to: { circular: true, viaOnly: { pathNot: '^node_modules' } },
    },
    {
      name: 'no-app-to-app',
      comment: 'Apps meet over the bus, HTTP and the database only; standalone composes their modules.',
      severity: 'error',
      from: { path: '^apps/(?!standalone/)([^/]+)/' },
      to: { path: '^apps/', pathNot: '^apps/$1/' },
    },
    {
      name: 'standalone-takes-modules-and-config-only',
      severity: 'error',
      from: { path: '^apps/standalone/' },
      to: { path: '^apps/(?!standalone/)', pathNot: '^apps/([^/]+)/(\\1\\.module|config)\\.ts$' },
    },
    { name: 'no-lib-to-app', severity: 'error', from: { path: '^libs/' }, to: { path: '^apps/' } },
    {
      name: 'libs-through-their-index',
      severity: 'error',
      from: { path: '^(apps|libs)/([^/]+)/' },
      to: { path: '^libs/[^/]+/.+', pathNot: ['^libs/[^/]+/index\\.ts$', '^$1/$2/'] },
    },
    {
      name: 'sql-lives-in-libs-db',
      comment:
        'Apps ask by name (libs/db/queries); test/repository/sql.spec.ts looks for statements as text.',
      severity: 'error',
      from: { path: '^(apps|libs)/', pathNot: '^libs/db/' },
      to: { path: ['node_modules/(@mikro-orm|kysely|knex|pg|better-sqlite3)/', '^(node:)?sqlite$'] },
    },
    {
      name: 'sockets-in-the-channel',
      comment: 'What decides and what serves a guest sees lines and an outbox, never a socket.',
      severity: 'error',
      from: { path: '^(apps|libs)/', pathNot: ['^apps/gateway/channel/', '(\\.|-)spec\\.ts$'] },
      to: { path: '^(node:)?(net|tls|dgram)$' },
    },
    {
      name: 'bus-transport-in-the-bus',
      comment: 'Everybody else has Bus; a *.bus.ts file holds an app’s handlers.',
      severity: 'error',
      from: { path: '^(apps|libs)/', pathNot: ['^libs/runtime/bus/', '\\.bus\\.ts$'] },
      to: { path: 'node_modules/(ioredis|@nestjs/microservices)/' },
    },
    {
      name: 'protocol-needs-zod-only',
      severity: 'error',
      from: { path: '^libs/protocol/', pathNot: '((\\.|-)spec\\.ts|/generate-[^/]+\\.ts)$' },
      to: {
        pathNot: [
          '^libs/protocol/',
          'node_modules/zod/',
          '^zod$',
          '^node:(buffer|crypto)$',
          '^(buffer|crypto)$',
        ],
      },
    },
    {
      name: 'answers-are-read-by-parsers-only',
      comment: 'A text and its faults: no framework, no file, no network.',
      severity: 'error',
      from: { path: '^libs/answers/', pathNot: '(\\.|-)spec\\.ts$' },
      to: {
        pathNot: [
          '^libs/answers/',
          '^libs/protocol/index\\.ts$',
          'node_modules/(zod|yaml|fast-xml-parser)/',
          '^(zod|yaml|fast-xml-parser)$',
        ],
      },
    },
    {
      name: 'script-files-read-and-nothing-else',
      comment:
        'The one place where pure code gets its scripts from: their files, read when a process starts.',
      severity: 'error',
      from: { path: '^libs/script-files/', pathNot: '(\\.|-)spec\\.ts$' },
      to: { pathNot: ['^libs/script-files/', '^(node:)?(fs|path)$'] },
    },
    {
      name: 'placeholders-are-judged-by-grammars-only',
      comment: 'A text and its faults: grammars that lie in node_modules, and no other file.',
      severity: 'error',
      from: { path: '^libs/placeholders/', pathNot: '(\\.|-)spec\\.ts$' },
      to: {
        pathNot: [
          '^libs/placeholders/',
          '^libs/protocol/index\\.ts$',
          'node_modules/web-tree-sitter/',
          '^(node:)?module$',
        ],
      },
    },
    {
      name: 'cli-is-light',
      comment:
        'The command starts fast and runs on the Node that an operator has: no framework, no database.',
      severity: 'error',
      from: { path: '^apps/cli/', pathNot: '(\\.|-)spec\\.ts$' },
      to: { path: ['node_modules/(@nestjs|@mikro-orm|ioredis|fastify)', '^libs/(db|runtime)/'] },
    },
    {
      name: 'families-only-render',
      comment:
        'A family is data plus a renderer: what was read from media comes in as values, and others write the images.',
      severity: 'error',
      from: { path: '^apps/media/families/', pathNot: 'spec\\.ts$' },
      to: { path: '^apps/media/(vendor|image|store|deliveries)/' },
    },
    {
      name: 'core-is-pure',
      comment: 'What decides takes values and a clock; it touches no framework, database or device.',
      severity: 'error',
      from: {
        path: '/core/|^apps/media/(families|plan)/|^libs/db/schedule/|^apps/console/executions/(explain|local-time)',
        pathNot: 'spec\\.ts$',
      },
      to: {
        path: [
          'node_modules/(@nestjs|@mikro-orm|ioredis)',
          '^(node:)?(fs|fs/promises|net|child_process)$',
          '^libs/(db|runtime)/',
        ],
      },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    exclude: { path: '^(dist|infiniservice|test|libs/protocol/dist)/' },
    tsConfig: { fileName: '.dependency-cruiser.tsconfig.json' },
    tsPreCompilationDeps: true,
    enhancedResolveOptions: { exportsFields: ['exports'], conditionNames: ['import', 'types', 'default'] },
  },
};
