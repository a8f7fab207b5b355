// Fails where package-lock.json lacks a platform's package: `npm ci` would refuse such a lock on a fresh machine.
import { readFileSync } from 'node:fs'

const { packages } = JSON.parse(readFileSync('package-lock.json', 'utf8'))
const missing = Object.entries(packages).flatMap(([path, entry]) =>
  Object.keys(entry.optionalDependencies ?? {})
    .filter((name) => !packages[`node_modules/${name}`] && !packages[`${path}/node_modules/${name}`])
    .map((name) => `${path || 'gatehouse'} wants ${name}`),
)
for (const line of missing) console.error(line)
process.exit(missing.length === 0 ? 0 : 1)
