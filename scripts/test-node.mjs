// npm run test:node -- VERSION [JEST ARGUMENTS]: the tests by another Node than the one that is installed, such as 22 or 24.
import { spawnSync } from 'node:child_process'

const [version, ...args] = process.argv.slice(2)
if (!/^\d+(?:\.\d+){0,2}$/.test(version ?? '')) {
  console.error(
    'Usage: npm run test:node -- VERSION [ARGUMENTS OF JEST], as in npm run test:node -- 24 --selectProjects unit',
  )
  process.exit(2)
}
// The package `node` has the binaries; servers that a test starts run by the same one.
const node = ['--yes', '--package', `node@${version}`, '--', 'node']
const jest = ['node_modules/jest/bin/jest.js', ...args]
const said = spawnSync('npx', [...node, '--version'], { encoding: 'utf8' })
console.log(`Node ${said.stdout.trim()}`)
if (!said.stdout.startsWith(`v${version}.`) && said.stdout.trim() !== `v${version}`) {
  console.error(said.stderr)
  process.exit(1)
}
process.exit(spawnSync('npx', [...node, ...jest], { stdio: 'inherit' }).status ?? 1)
