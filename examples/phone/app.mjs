// An app on a phone: the refresh token lies in the platform's secret store, and no cookie is used. Here the store is a file, so
// that it runs in Node.js; with Expo it is SecureStore. Start it with: node examples/phone/app.mjs login ada@example.com PASSWORD
import { readFile, rm, writeFile } from 'node:fs/promises'
import { createClient } from '@gatehouse/client'

const { GATEHOUSE_URL = 'http://localhost:4000', STORE = '.phone-token' } = process.env

/** With Expo: get is SecureStore.getItemAsync('refreshToken'), set is setItemAsync, remove is deleteItemAsync. */
const storage = {
  get: () => readFile(STORE, 'utf8').catch(nothingIfMissing),
  set: (token) => writeFile(STORE, token, { mode: 0o600 }),
  remove: () => rm(STORE, { force: true }),
}

/** Null where nothing is stored. A store that cannot be read now must not log anybody out. */
function nothingIfMissing(error) {
  if (error.code === 'ENOENT') return null
  throw error
}

const auth = createClient({
  url: GATEHOUSE_URL,
  transport: 'BODY',
  storage,
  headers: () => ({ 'user-agent': 'Example app on a phone' }),
})

const screens = {
  /** The verification mail has a code, which the person types here: the challenge shows that this app registered. */
  async register([email, password]) {
    const result = await auth.register({ email, password })
    if (result.__typename !== 'RegisterSuccess') return result.message
    return `Challenge: ${result.challenge}`
  },
  async verify([challenge, code]) {
    const result = await auth.verifyEmailByCode({ challenge, code })
    return result.__typename === 'VerifyEmailSuccess' ? 'Verified. Please log in.' : result.message
  },
  async login([email, password]) {
    const result = await auth.login({ email, password })
    if (result.__typename === 'SecondFactorRequiredError') return `Second step, with the challenge ${result.challenge}`
    return result.__typename === 'LoginSuccess' ? `Hello ${result.user.email}` : result.message
  },
  /** What an app does when it starts: nobody is logged out because the network is away. */
  async start() {
    try {
      const state = await auth.refresh()
      return state.status === 'signedIn' ? `Hello ${state.user.email}` : 'Please log in.'
    } catch (error) {
      return `Not reachable now (${error.code}). Your session stays.`
    }
  },
  async logout() {
    await auth.refresh()
    await auth.signOut()
    return 'Logged out.'
  },
}

const [screen = 'start', ...input] = process.argv.slice(2)
console.log(await screens[screen](input))
