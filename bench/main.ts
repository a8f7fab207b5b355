import { availableParallelism, loadavg } from 'node:os'
import { enumeration } from './enumeration'
import { loginStorm } from './loginStorm'
import { type Measure, print } from './report'
import { throughput } from './throughput'

const PARTS: Record<string, () => Promise<Measure[]>> = { storm: loginStorm, throughput, enumeration }
/** The enumeration takes minutes by itself: it is asked for by its name. */
const DEFAULT = ['storm', 'throughput']

/** Measures, prints, and leaves judging to the reader: a busy machine misses targets that an idle one meets. */
async function main(names: readonly string[]): Promise<void> {
  const unknown = names.filter((name) => !(name in PARTS))
  if (unknown.length > 0)
    throw new Error(`No such part: ${unknown.join(', ')}. There are ${Object.keys(PARTS).join(', ')}`)
  for (const name of names.length > 0 ? names : DEFAULT) {
    const load = loadavg()[0] ?? 0
    console.log(
      `\n${name} (Node ${process.versions.node}, ${availableParallelism()} cores, load ${load.toFixed(1)} before)`,
    )
    if (load > 0.5) console.log('The machine is not idle: what misses its target here may meet it on one that is.')
    print((await PARTS[name]?.()) ?? [])
  }
}

void main(process.argv.slice(2)).catch((error: unknown) => {
  console.error(error)
  process.exitCode = 1
})
