// npm run check: everything that reads the code without running it. All checks run; each failure is shown at the end.
import { spawnSync } from 'node:child_process'
import { buildIfStale } from './build.mjs'

await buildIfStale()

const CHECKS = [
  ['lock file', 'scripts/lockfile.mjs'],
  ['format', 'node_modules/prettier/bin/prettier.cjs', '--check', '--log-level', 'warn', '.'],
  ['types', 'node_modules/typescript/bin/tsc', '-p', '.'],
  ['lint', 'node_modules/eslint/bin/eslint.js', '.'],
  ['generated files', 'scripts/schema.mjs', '--check'],
  ['migrations', 'scripts/migrations.mjs', 'check'],
  ['dead code', 'node_modules/knip/bin/knip.js'],
]

const failed = CHECKS.filter(([name, ...command]) => {
  const started = Date.now()
  const run = spawnSync(process.execPath, command, { encoding: 'utf8' })
  const seconds = ((Date.now() - started) / 1000).toFixed(1)
  console.log(`${run.status === 0 ? 'ok    ' : 'FAILED'} ${name} (${seconds} s)`)
  if (run.status !== 0) console.log(run.stdout + run.stderr)
  return run.status !== 0
})
process.exit(failed.length === 0 ? 0 : 1)
