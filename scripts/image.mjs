// npm run image -- FOLDER: writes what an image holds into a folder that does not exist yet: dist/, the migrations, and of the
// packages what the server loads. The Dockerfile runs it too, and whoever runs the server without a container.
import { constants, copyFileSync, existsSync, mkdirSync, readFileSync, readdirSync, statSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'

const { packages } = JSON.parse(readFileSync('package-lock.json', 'utf8'))

/** What no package needs at run time: types, sources of TypeScript, maps, documents. A licence stays, whatever it is called. */
const UNUSED_FILE = /\.(?:[cm]?tsx?|map|flow|markdown|md|tsbuildinfo)$/
const UNUSED_FOLDER = new Set([
  'test',
  'tests',
  '__tests__',
  'docs',
  'doc',
  'example',
  'examples',
  'benchmark',
  '.github',
])
const LICENCE = /licen[cs]e|notice|copying/i

/** Of these packages other parts are not loaded: the compilers of queries for other databases, and other builds of the same code. */
const USED_PART = {
  '@prisma/client':
    /^(?:package\.json|runtime\/(?:client|index-browser|query_compiler_small_bg\.postgresql[\w.-]*)\.js)$/,
}

/** The folders in node_modules of every package that the server's own packages lead to. Optional peers are not: Prisma's CLI is one. */
function productionPackages() {
  const found = new Set()
  const waiting = wanted('', Object.keys(packages[''].dependencies))
  for (let folder = waiting.pop(); folder !== undefined; folder = waiting.pop()) {
    if (found.has(folder)) continue
    found.add(folder)
    const { dependencies, optionalDependencies, peerDependencies, peerDependenciesMeta } = packages[folder]
    const peers = Object.keys(peerDependencies ?? {}).filter((name) => !peerDependenciesMeta?.[name]?.optional)
    waiting.push(...wanted(folder, Object.keys({ ...dependencies, ...optionalDependencies }).concat(peers)))
  }
  return [...found]
}

/** Types are of no use at run time; an optional package may not be installed. */
const wanted = (from, names) =>
  names
    .filter((name) => !name.startsWith('@types/'))
    .map((name) => folderOf(from, name))
    .filter((folder) => folder !== undefined && existsSync(folder))

/** Where Node finds a package: in the nearest node_modules. */
function folderOf(from, name) {
  for (let at = from; ; at = at.slice(0, Math.max(0, at.lastIndexOf('node_modules') - 1))) {
    const folder = join(at, 'node_modules', name)
    if (folder in packages) return folder
    if (at === '') return undefined
  }
}

function isUsed(folder, path) {
  const name = folder.slice(folder.lastIndexOf('node_modules/') + 'node_modules/'.length)
  const parts = path.split('/')
  if (LICENCE.test(parts.at(-1))) return true
  if (name in USED_PART) return USED_PART[name].test(path)
  if (parts[0] === 'prebuilds') return parts[1] === `${process.platform}-${process.arch}`
  return !UNUSED_FILE.test(path) && !UNUSED_FOLDER.has(parts[0])
}

/** The files below a folder, without those of the packages inside it. */
function filesOf(folder, prefix = '') {
  return readdirSync(join(folder, prefix), { withFileTypes: true }).flatMap((entry) => {
    const path = prefix === '' ? entry.name : `${prefix}/${entry.name}`
    if (!entry.isDirectory()) return [path]
    return entry.name === 'node_modules' ? [] : filesOf(folder, path)
  })
}

function place(file, target) {
  mkdirSync(dirname(target), { recursive: true })
  copyFileSync(file, target, constants.COPYFILE_FICLONE)
}

/** Returns the bytes of each part. */
function writeImage(folder) {
  mkdirSync(folder)
  const sizes = {}
  const take = (from, paths) => {
    for (const path of paths) place(join(from, path), join(folder, from, path))
    sizes[from] = paths.reduce((sum, path) => sum + statSync(join(from, path)).size, 0)
  }
  take('.', ['package.json', 'LICENSE'])
  take('dist', filesOf('dist'))
  take('prisma/migrations', filesOf('prisma/migrations'))
  for (const name of productionPackages())
    take(
      name,
      filesOf(name).filter((path) => isUsed(name, path)),
    )
  return sizes
}

const [target] = process.argv.slice(2)
if (!target) {
  console.error('usage: npm run image -- FOLDER, which does not exist yet')
  process.exit(2)
}
const parts = Object.entries(writeImage(resolve(target))).sort(([, one], [, other]) => other - one)
const mebibytes = (bytes) => `${(bytes / 1024 / 1024).toFixed(1)} MiB`.padStart(10)
for (const [part, bytes] of parts.slice(0, 10)) console.log(mebibytes(bytes), part)
const sum = parts.reduce((all, [, bytes]) => all + bytes, 0)
console.log(mebibytes(sum), `in all: dist, migrations and ${parts.length - 3} packages`)
