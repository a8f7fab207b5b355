import autocannon from 'autocannon'
import { cpuSecondsOf } from './cpu'
import { type Measure, atLeast, figure } from './report'
import { type Instance, login, startRig } from './rig'
import { medianOf } from './statistics'

const CONNECTIONS = 10
/** Calls a second of all instances together: the same in both cases, as a busier core takes longer for the same work. */
const RATE = 1_500
/** Seconds of each round, and how many: one instance and two take turns, so that a busy moment meets both. */
const ROUND = 4
const ROUNDS = 5
/** Rounds until the compiler has seen what is hot in both. */
const WARM_UP = 5
const USER = 'instances@example.com'

/**
 * What a second instance is worth for `me`. Counted by the processor's time of a request, as two instances, their database and
 * the load share the cores of this machine: with cores for all of them, two that spend no more on a request answer twice as many.
 */
export async function instances(): Promise<Measure[]> {
  const rig = await startRig({ cost: 10 })
  try {
    await rig.addUsers([USER])
    const { accessToken } = await login(rig.url, USER)
    const both = [rig, await rig.addInstance('serve')]
    const alone = both.slice(0, 1)
    for (let round = 0; round < WARM_UP; round += 1) await perRequest(both, accessToken)
    const rounds: { alone: number; both: number }[] = []
    for (let round = 0; round < ROUNDS; round += 1)
      rounds.push({ alone: await perRequest(alone, accessToken), both: await perRequest(both, accessToken) })
    const gain = medianOf(rounds, (round) => (2 * round.alone) / round.both)
    return [
      figure(
        'processor time of a `me`, one instance',
        `${(medianOf(rounds, ({ alone }) => alone) * 1e6).toFixed(0)} µs`,
      ),
      figure(
        'processor time of a `me`, two instances',
        `${(medianOf(rounds, ({ both }) => both) * 1e6).toFixed(0)} µs`,
      ),
      atLeast('two instances, of one', gain, { target: 1.9, digits: 2 }),
    ]
  } finally {
    await rig.close()
  }
}

/** Seconds of processor time that these instances together spend on one request, each under its part of the load. */
async function perRequest(loaded: readonly Instance[], accessToken: string): Promise<number> {
  const spent = () => loaded.reduce((sum, { pid }) => sum + cpuSecondsOf(pid()), 0)
  const before = spent()
  const results = await Promise.all(loaded.map(({ url }) => loadOf(url, accessToken, RATE / loaded.length)))
  return (spent() - before) / results.reduce((sum, requests) => sum + requests, 0)
}

/** Requests that were answered. */
async function loadOf(url: string, accessToken: string, overallRate: number): Promise<number> {
  const { requests, non2xx, errors, mismatches } = await autocannon({
    ...{ url: `${url}/graphql`, method: 'POST', body: JSON.stringify({ query: '{ me { id email } }' }) },
    headers: { 'content-type': 'application/json', authorization: `Bearer ${accessToken}` },
    ...{ connections: CONNECTIONS, duration: ROUND, overallRate },
    verifyBody: (body) => body?.toString().includes(USER) === true, // a refusal by GraphQL is 200 too
  })
  if (non2xx + errors + mismatches > 0)
    throw new Error(`${url}: ${non2xx} failures, ${errors} errors, ${mismatches} other answers`)
  return requests.total
}
