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
      name: 'cli-is-light',
      comment:
        'The command starts fast and runs on the Node that an operator has: no framework, no database.',
      severity: 'error',
      from: { path: '^apps/cli/', pathNot: '(\\.|-)spec\\.ts$' },
      to: { path: ['node_modules/(@nestjs|@mikro-orm|ioredis|fastify)', '^libs/(db|runtime)/'] },
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
