// Fails where package-lock.json lacks a platform's package, since `npm ci` would refuse such a lock on a fresh machine, and where
// a package does not run on the oldest Node that package.json promises.
import { readFileSync } from 'node:fs'
import { minVersion, satisfies } from 'semver'

const { packages } = JSON.parse(readFileSync('package-lock.json', 'utf8'))
const missing = Object.entries(packages).flatMap(([path, entry]) =>
  Object.keys(entry.optionalDependencies ?? {})
    .filter((name) => !packages[`node_modules/${name}`] && !packages[`${path}/node_modules/${name}`])
    .map((name) => `${path || 'gatehouse'} wants ${name}`),
)
const oldest = minVersion(packages[''].engines.node)
const tooNew = Object.entries(packages)
  .filter(([, { engines }]) => engines?.node !== undefined && !satisfies(oldest, engines.node))
  .map(([path, { version, engines }]) => `${path} ${version} needs Node ${engines.node}, not ${oldest}`)
const problems = [...missing, ...tooNew]
for (const line of problems) console.error(line)
process.exit(problems.length === 0 ? 0 : 1)
