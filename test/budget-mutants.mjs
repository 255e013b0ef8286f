/** Breakages of what one guest may cause; part of `MUTANTS`. */
const jest = (project, file) => ['jest', project, file];

export const BUDGET_MUTANTS = [
  {
    name: 'a line is parsed, however many values it has',
    file: 'libs/protocol/channel/weigh.ts',
    find: 'if (nodes > limit.nodes) return',
    put: 'if (nodes < 0) return',
    tests: jest('unit', 'libs/protocol/channel/parse.spec.ts'),
    red: 'does not parse what is nested without end, or has too many values for its type',
  },
  {
    name: 'a guest over its budget is read at once',
    file: 'apps/gateway/session/guest-budget.ts',
    find: 'const pause = Math.min(longest, LONGEST_PAUSE_MS);',
    put: 'const pause = Math.min(longest, 0);',
    tests: jest('unit', 'apps/gateway/session/guest-budget.spec.ts'),
    red: 'opens one session a second',
  },
  {
    name: 'a guest writes as many lines of log as it likes',
    file: 'apps/gateway/session/guest-budget.ts',
    find: "return this.limitOf('logLines').take() || this.drop('logLinesDropped');",
    put: 'return true;',
    tests: jest('unit', 'apps/gateway/session/guest-budget.spec.ts'),
    red: 'leaves events and lines of log out, and tells of them once a minute with their count',
  },
  {
    name: 'half lines without a sum',
    file: 'apps/gateway/channel/half-lines.ts',
    find: 'while (this.sum > this.limitBytes) this.longest().skip();',
    put: '',
    tests: jest('unit', 'apps/gateway/channel/half-lines.spec.ts'),
    red: 'take no more than one sum, however many machines begin one',
  },
  {
    name: 'events of any size',
    file: 'apps/gateway/core/cut-data.ts',
    find: 'if (jsonBytes(marked) <= limitBytes) return marked;',
    put: 'return marked;',
    tests: jest('unit', 'apps/gateway/core/cut-data.spec.ts'),
    red: 'never has more than the limit, and is marked where something is missing',
  },
];
