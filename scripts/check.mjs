// Runs every check of package.json, two at a time: the longest takes as long as the others together.
import { spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'

const { scripts } = JSON.parse(readFileSync('package.json', 'utf8'))
const LONGEST_FIRST = ['check:lint', 'check:types']
const waiting = Object.keys(scripts).filter((name) => name.startsWith('check:'))
waiting.sort((one, other) => LONGEST_FIRST.includes(other) - LONGEST_FIRST.includes(one))
const failed = []

/** Runs a check, and prints what it said once it has ended. */
function run(name) {
  return new Promise((resolve) => {
    const chunks = []
    const check = spawn('npm', ['run', '-s', name], { stdio: ['ignore', 'pipe', 'pipe'] })
    check.stdout.on('data', (chunk) => chunks.push(chunk))
    check.stderr.on('data', (chunk) => chunks.push(chunk))
    check.on('close', (code) => {
      process.stdout.write(Buffer.concat(chunks))
      if (code !== 0) failed.push(name)
      resolve()
    })
  })
}

async function lane() {
  for (let name = waiting.shift(); name !== undefined; name = waiting.shift()) await run(name)
}

await Promise.all([lane(), lane()])
if (failed.length > 0) console.error(`Failed: ${failed.join(', ')}`)
process.exitCode = failed.length > 0 ? 1 : 0
