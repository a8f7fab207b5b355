import { availableParallelism, loadavg } from 'node:os'
import { crowd } from './crowd'
import { endurance } from './endurance'
import { enumeration } from './enumeration'
import { instances } from './instances'
import { loginStorm } from './loginStorm'
import { logins } from './logins'
import { DEFAULT_PARTS, type PartName, isPart } from './parts'
import { type Measure, print } from './report'
import { scale } from './scale'
import { start } from './start'
import { throughput } from './throughput'

const PARTS: Record<PartName, () => Promise<Measure[]>> = {
  ...{ start, throughput, instances, logins, storm: loginStorm, crowd, scale, enumeration, endurance },
}

/**
 * Measures, prints, and leaves judging to the reader: a busy machine misses targets that an idle one meets. `--json` prints one
 * object of each measure and part.
 */
async function main(args: readonly string[]): Promise<void> {
  const asJson = args.includes('--json')
  const names = args.filter((arg) => arg !== '--json')
  const unknown = names.filter((name) => !isPart(name))
  if (unknown.length > 0)
    throw new Error(`No such part: ${unknown.join(', ')}. There are ${Object.keys(PARTS).join(', ')}`)
  for (const name of names.length > 0 ? names.filter(isPart) : DEFAULT_PARTS) {
    const machine = { node: process.versions.node, cores: availableParallelism(), load: loadavg()[0] ?? 0 }
    if (!asJson) printHead(name, machine)
    const measures = await PARTS[name]()
    if (asJson) for (const measure of measures) console.log(JSON.stringify({ part: name, ...machine, ...measure }))
    else print(measures)
  }
}

function printHead(name: string, { node, cores, load }: { node: string; cores: number; load: number }): void {
  console.log(`\n${name} (Node ${node}, ${cores} cores, load ${load.toFixed(1)} before)`)
  if (load > 0.5) console.log('The machine is not idle: what misses its target here may meet it on one that is.')
}

void main(process.argv.slice(2)).catch((error: unknown) => {
  console.error(error)
  process.exitCode = 1
})
