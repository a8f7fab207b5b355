// Load tests on the built server: docs/performance.md lists the parts.
import { spawnSync } from 'node:child_process'

const run = (...args) => {
  const { status } = spawnSync(process.execPath, args, { stdio: 'inherit' })
  if (status !== 0) process.exit(status ?? 1)
}

run('scripts/build.mjs', '--if-stale')
run('-r', './tests/support/registerTypescript.cjs', 'bench/main.ts', ...process.argv.slice(2))
