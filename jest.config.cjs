const { readFileSync } = require('node:fs')
require('./scripts/swc-cache.cjs')

// These packages ship ES modules only; jest loads CommonJS, so they are transformed.
const esmOnly = ['hibp', 'cookie', 'jose', 'oauth4webapi', 'openid-client']
const swc = JSON.parse(readFileSync(`${__dirname}/.swcrc`, 'utf8'))
// The compiler's own helpers stay out of our files, and so out of their coverage.
swc.jsc.externalHelpers = true

/** Run one of them with `npm run test:<name>`. */
const PROJECTS = {
  unit: ['unit', 'meta'],
  flows: ['flows', 'contracts'],
  faults: ['faults'],
  browser: ['browser'],
}

const project = (displayName, folders) => ({
  displayName,
  testEnvironment: '<rootDir>/tests/support/environment.cjs',
  roots: folders.map((folder) => `<rootDir>/tests/${folder}`),
  testMatch: ['**/*.test.ts'],
  transform: {
    '^.+\\.ts$': ['@swc/jest', swc],
    '^.+\\.m?js$': [
      '@swc/jest',
      { swcrc: false, jsc: { parser: { syntax: 'ecmascript' }, target: 'es2022' }, module: { type: 'commonjs' } },
    ],
  },
  transformIgnorePatterns: [`/node_modules/(?!(?:.*/node_modules/)?(?:${esmOnly.join('|')})/)`],
  globalSetup: '<rootDir>/tests/support/globalSetup.ts',
  globalTeardown: '<rootDir>/tests/support/globalTeardown.ts',
})

module.exports = {
  projects: Object.entries(PROJECTS).map(([name, folders]) => project(name, folders)),
  // Milliseconds: only what hangs gets there. A machine that is busy with other work takes ten times as long as a calm one.
  testTimeout: 300_000,
  // Twice the cores of CI: a test waits for mails, processes and timers about half of its time.
  maxWorkers: 4,
  // Each test file loads the whole server anew, and jest keeps some 40 MB of it afterwards: a worker of fifty files held 2 GB.
  workerIdleMemoryLimit: '1500MB',
  // What declares the schema is decorators: the compiler gives each a branch for types that do not exist at run time.
  collectCoverageFrom: [
    'src/**/*.ts',
    '!src/generated/**',
    '!src/**/*.generated.ts',
    '!src/graphql/{objects,mutations,queries}/**',
    '!src/graphql/operators/{objects,mutations,queries}/**',
  ],
  // The other provider adds counters to every file, which each test file then loads anew: a sixth of the whole run.
  coverageProvider: 'v8',
  coverageDirectory: 'coverage',
  coverageReporters: ['text-summary', 'lcov', 'json-summary'],
  coverageThreshold: { global: { lines: 90, branches: 90 } },
}
