/**
 * One project for each tier: see docs/development.md. Sources are compiled by swc to ES modules, as the
 * build emits them.
 */
const common = {
  rootDir: import.meta.dirname,
  testEnvironment: 'node',
  extensionsToTreatAsEsm: ['.ts'],
  transform: {
    '^.+\\.ts$': [
      '@swc/jest',
      {
        jsc: {
          target: 'es2022',
          parser: { syntax: 'typescript', decorators: true },
          transform: { legacyDecorator: true, decoratorMetadata: true, useDefineForClassFields: false },
          keepClassNames: true,
        },
        module: { type: 'es6' },
      },
    ],
  },
  moduleNameMapper: {
    '^#(protocol|answers|db|runtime|secrets|app|script-files|patterns|placeholders)$':
      '<rootDir>/libs/$1/index.ts',
    '^(\\.{1,2}/.*)\\.js$': '$1',
  },
  testPathIgnorePatterns: ['/node_modules/', '/dist/', '<rootDir>/infiniservice/'],
  modulePathIgnorePatterns: ['<rootDir>/dist/', '<rootDir>/libs/protocol/dist/', '<rootDir>/infiniservice/'],
};

export default {
  // A deadline for the machine at its busiest, not an expectation.
  testTimeout: 60_000,
  projects: [
    {
      ...common,
      displayName: 'unit',
      testMatch: [
        '<rootDir>/{apps,libs}/**/*.spec.ts',
        '<rootDir>/test/answers/**/*.spec.ts',
        '<rootDir>/test/support/**/*.spec.ts',
        '<rootDir>/test/repository/**/*.spec.ts',
      ],
    },
    {
      ...common,
      displayName: 'integration',
      testMatch: [
        '<rootDir>/{apps,libs}/**/*.int-spec.ts',
        '<rootDir>/test/contract/**/*.int-spec.ts',
        '<rootDir>/test/faults/**/*.int-spec.ts',
        '<rootDir>/test/support/**/*.int-spec.ts',
      ],
      globalSetup: '<rootDir>/test/support/servers/global-setup.mjs',
      globalTeardown: '<rootDir>/test/support/servers/global-teardown.mjs',
    },
    { ...common, displayName: 'conformance', testMatch: ['<rootDir>/test/conformance/**/*.conf-spec.ts'] },
    { ...common, displayName: 'e2e', testMatch: ['<rootDir>/test/e2e/**/*.e2e-spec.ts'] },
    { ...common, displayName: 'guests', testMatch: ['<rootDir>/test/guests/**/*.guest-spec.ts'] },
  ],
};
