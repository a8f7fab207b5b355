// The tests drive a real Redis, browser, PgBouncer and nginx. As root on Debian what is missing is installed; elsewhere it is named.
import { spawnSync } from 'node:child_process'

const TOOLS = ['redis-server', 'chromium', 'pgbouncer', 'nginx'] // commands and packages of the same names

const has = (command) => spawnSync('sh', ['-c', `command -v ${command}`]).status === 0
const missing = TOOLS.filter((tool) => !has(tool))
if (missing.length > 0) {
  if (process.getuid?.() !== 0 || !has('apt-get')) {
    console.error(`The tests need ${missing.join(', ')}: install the packages of these names first.`)
    process.exit(1)
  }
  console.log(`Installing ${missing.join(', ')} for the tests ...`)
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' }
  const apt = (...args) =>
    spawnSync('apt-get', ['-qq', ...args], { env, stdio: ['ignore', 'ignore', 'inherit'] }).status
  apt('update')
  if (apt('install', '-y', '--no-install-recommends', ...missing) !== 0) process.exit(1)
}
