import { spawnSync } from 'node:child_process'
import { join } from 'node:path'

const ROOT = join(__dirname, '../..')

/** What loads the compiler: the build, by its texts; the tests, and processes of theirs. */
test.each([
  "import('./scripts/compile-emails.mjs')",
  "require('./jest.config.cjs'); require('@swc/core')",
  "require('./tests/support/registerTypescript.cjs')",
])('a user without a home folder can load %s', (code) => {
  const { status, stderr } = spawnSync(process.execPath, ['-e', code], { cwd: ROOT, env: {}, encoding: 'utf8' })
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' })
})
