// Builds dist/: generated sources, then every file of src compiled by swc, then the assets of the pages.
// With --if-stale it does so only where a source is newer than the last build.
import { spawnSync } from 'node:child_process'
import { chmodSync, cpSync, existsSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { generate } from './generate.mjs'

const STAMP = 'dist/.built'
const SOURCES = ['src', 'account', 'packages', 'emails', 'prisma', 'package.json', '.swcrc', 'scripts']
const MADE = new Set(['generated', 'preview', 'dist', 'node_modules'])

function newest(path) {
  const entry = statSync(path)
  if (!entry.isDirectory()) return entry.mtimeMs
  const inside = readdirSync(path).filter((name) => !MADE.has(name))
  return Math.max(0, ...inside.map((name) => newest(join(path, name))))
}

export async function build() {
  await generate()
  rmSync('dist', { recursive: true, force: true })
  const swc = spawnSync(
    process.execPath,
    ['node_modules/@swc/cli/bin/swc.js', 'src', '-d', 'dist', '--strip-leading-paths', '--quiet'],
    { stdio: 'inherit' },
  )
  if (swc.status !== 0) process.exit(swc.status ?? 1)
  cpSync('src/http/pages/assets', 'dist/http/pages/assets', { recursive: true })
  chmodSync('dist/main.js', 0o755) // the package's binary
  writeFileSync(STAMP, '')
}

export async function buildIfStale() {
  const fresh =
    existsSync(STAMP) && existsSync('src/generated') && Math.max(...SOURCES.map(newest)) <= statSync(STAMP).mtimeMs
  if (!fresh) await build()
}

if (import.meta.url === pathToFileURL(process.argv[1]).href) {
  await (process.argv.includes('--if-stale') ? buildIfStale() : build())
}
