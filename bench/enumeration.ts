import { type Call, connection } from './load'
import { type Measure, figure } from './report'
import { PASSWORD, type Rig, login, startRig } from './rig'
import { distinguishability, percentile, standardError } from './statistics'

const EACH = 400
/** A fifth of the work of 12, so that what is not the hash stands out more, and a run ends in minutes. */
const COST = 10
/** Milliseconds between two calls: the mail that a call caused has left by then and does not slow the next one. */
const PAUSE = 30

interface Silent {
  name: string
  call: (url: string, email: string) => Call
}

const post = (url: string, name: string, input: Record<string, unknown>): Call => {
  const type = `${name.slice(0, 1).toUpperCase()}${name.slice(1)}Input`
  const query = `mutation ($input: ${type}!) { ${name}(input: $input) { __typename } }`
  return { method: 'POST', url: `${url}/graphql`, body: { query, variables: { input } } }
}

const startPasskeyLogin = (url: string): Call => ({
  ...{ method: 'POST', url: `${url}/graphql` },
  body: { query: 'mutation { startPasskeyLogin { __typename } }' },
})

const SILENT: Silent[] = [
  { name: 'login', call: (url, email) => post(url, 'login', { email, password: 'not that one' }) },
  { name: 'register', call: (url, email) => post(url, 'register', { email, password: PASSWORD }) },
  { name: 'resendVerification', call: (url, email) => post(url, 'resendVerification', { email }) },
  { name: 'requestLoginCode', call: (url, email) => post(url, 'requestLoginCode', { email }) },
  // It takes no address: both sides are the same request.
  { name: 'startPasskeyLogin', call: (url) => startPasskeyLogin(url) },
  { name: 'requestReset', call: (url, email) => post(url, 'requestReset', { email }) },
  {
    name: 'requestEmailChange',
    call: (url, newEmail) => post(url, 'requestEmailChange', { newEmail, password: PASSWORD }),
  },
]

/**
 * Whether time tells a known address from an unknown one: as many of each, in random order, every address asked once, and
 * how well a classifier could sort the times.
 */
export async function enumeration(): Promise<Measure[]> {
  const rig = await startRig({ cost: COST })
  try {
    await rig.addUsers(['bench@example.com'])
    const { accessToken } = await login(rig.url, 'bench@example.com')
    const measures: Measure[] = [figure('the error of an AUC of 0.5', `± ${standardError(EACH).toFixed(3)}`)]
    for (const silent of SILENT) measures.push(await compare(rig, silent, `Bearer ${accessToken}`))
    return measures
  } finally {
    await rig.close()
  }
}

async function compare(rig: Rig, { name, call }: Silent, authorization: string): Promise<Measure> {
  const known = Array.from({ length: EACH }, (_, index) => `${name}.k${index + 1000}@example.com`.toLowerCase())
  const unknown = known.map((email) => email.replace('.k', '.u'))
  await rig.addUsers(known)
  const { send, close } = connection()
  const time = async (email: string): Promise<number> => {
    await new Promise((resolve) => setTimeout(resolve, PAUSE))
    const { time, status, text } = await send({ ...call(rig.url, email), headers: { authorization } })
    if (status !== 200 || !/Success|InvalidCredentials/.test(text)) throw new Error(`${name} answered ${text}`)
    return time
  }
  for (let made = 0; made < 20; made += 1) await time(`${name}.warm${made}@example.com`)

  const times = { known: [] as number[], unknown: [] as number[] }
  const calls = [
    ...known.map((email) => ({ email, of: times.known })),
    ...unknown.map((email) => ({ email, of: times.unknown })),
  ]
  for (const { email, of } of shuffled(calls)) of.push(await time(email))
  close()
  const auc = distinguishability(times.known, times.unknown)
  const medians = `${percentile(times.known, 0.5).toFixed(2)} ms known, ${percentile(times.unknown, 0.5).toFixed(2)} ms unknown`
  return { what: `${name}, AUC`, measured: `${auc.toFixed(3)} (${medians})`, target: '< 0.55', met: auc < 0.55 }
}

/** Whatever a call leaves behind meets the next one, of either group alike: strict pairs would put one group behind the other. */
function shuffled<T>(items: readonly T[]): T[] {
  const keyed = items.map((item) => ({ item, key: Math.random() }))
  return keyed.sort((a, b) => a.key - b.key).map(({ item }) => item)
}
