// The tests drive a real Redis, browser, PgBouncer and nginx. As root on Debian what is missing is installed; elsewhere it is named.
import { spawnSync } from 'node:child_process'

const TOOLS = ['redis-server', 'chromium-headless-shell', 'pgbouncer', 'nginx'] // commands and packages of the same names
/** What does instead, where the first is not to be had: more slowly. */
const INSTEAD = { 'chromium-headless-shell': 'chromium' }

const has = (command) => spawnSync('sh', ['-c', `command -v ${command}`]).status === 0
const lacks = (tool) => !has(tool) && !(tool in INSTEAD && has(INSTEAD[tool]))
const canInstall = process.getuid?.() === 0 && has('apt-get')
const missing = TOOLS.filter((tool) => !has(tool))
if (canInstall && missing.length > 0) {
  console.log(`Installing ${missing.join(', ')} for the tests ...`)
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' }
  const apt = (...args) =>
    spawnSync('apt-get', ['-qq', ...args], { env, stdio: ['ignore', 'ignore', 'inherit'] }).status === 0
  const install = (...tools) => apt('install', '-y', '--no-install-recommends', ...tools)
  apt('update')
  // Of several packages none is installed where one is unknown.
  if (!install(...missing))
    for (const tool of missing) if (!install(tool) && lacks(tool)) install(INSTEAD[tool] ?? tool)
}
const needed = TOOLS.filter(lacks)
if (needed.length > 0) {
  console.error(`The tests need ${needed.join(', ')}: install the packages of these names first.`)
  process.exit(1)
}
