// Builds packages/client/dist: each entry as an ES module and as CommonJS, by esbuild, and their types, by tsc.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'

const root = fileURLToPath(new URL('..', import.meta.url))
const client = join(root, 'packages/client')
const dist = join(client, 'dist')

/** What package.json exports. */
const ENTRIES = ['index', 'react', 'apollo', 'urql']

export async function compileClient() {
  rmSync(dist, { recursive: true, force: true })
  const tsc = spawn(process.execPath, [join(root, 'node_modules/typescript/bin/tsc'), '-p', client], {
    stdio: 'inherit',
  })
  const typed = once(tsc, 'exit')
  const entryPoints = ENTRIES.map((name) => join(client, `src/${name}.ts`))
  const options = { entryPoints, bundle: true, packages: 'external', target: 'es2022', outdir: dist }
  await build({ ...options, format: 'esm' })
  await build({ ...options, format: 'cjs', outExtension: { '.js': '.cjs' } })
  const [code] = await typed
  if (code !== 0) throw new Error('The types of packages/client do not compile')
  for (const file of readdirSync(dist).filter((name) => name.endsWith('.d.ts'))) {
    const types = readFileSync(join(dist, file), 'utf8').replace(/(from '\.\/[\w.]+)\.js'/g, "$1.cjs'")
    writeFileSync(join(dist, file.replace(/ts$/, 'cts')), types)
  }
}
