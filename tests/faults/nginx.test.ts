import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { type TestApp, startTestApp, tokenOf } from '../support/app'
import { type LoggedIn, call, me, post } from '../support/client'
import { type Nginx, startNginx } from '../support/nginx'
import { PASSWORD, loggedIn, someone, verifiedPerson } from '../support/people'
import { CHEAP, type ServerProcess, startServer } from '../support/process'
import { until } from '../support/until'

/** Instances of one service have one name: tokens carry it. */
const ENV = { ...CHEAP, PUBLIC_URL: 'http://auth.example.com', TRUST_PROXY: '127.0.0.1' }
const CLIENTS = 6
/** Every request by a connection of its own. */
const AT_ONCE = { headers: { connection: 'close' } }

let stays: TestApp
let goes: ServerProcess
let nginx: Nginx
beforeAll(async () => {
  stays = await startTestApp({ env: { PUBLIC_URL: ENV.PUBLIC_URL, TRUST_PROXY: ENV.TRUST_PROXY } })
  goes = await startServer({ ...ENV, DATABASE_URL: stays.databaseUrl, SMTP_URL: stays.smtp.url })
  nginx = await startNginx([stays.url, goes.url])
  await until(() =>
    fetch(nginx.url).then(
      () => true,
      () => false,
    ),
  )
})
afterAll(async () => {
  await nginx.stop()
  await goes.process.stop()
  await stays.close()
})

const hostOf = (url: string) => new URL(url).host

test('a person registers, logs in, refreshes and logs out, with every request at another instance than the one before', async () => {
  const from = nginx.upstreams().length
  const { url } = nginx
  const email = someone()
  await call(url, 'register', { email, password: PASSWORD })
  await call(url, 'verifyEmail', { token: tokenOf(await stays.smtp.waitFor(email)) })
  const { tokens } = await loggedIn({ url }, email)
  const refreshed = await call(url, 'refreshSession', { refreshToken: tokens.refreshToken })
  const { accessToken: token } = (refreshed.data as unknown as LoggedIn).tokens
  expect((await me(url, { token })).data).toMatchObject({ email })
  expect((await call(url, 'logout', undefined, { token })).code).toBe('SUCCESS')

  const asked = nginx
    .upstreams()
    .slice(from)
    .map(([instance]) => instance)
  const [first, second] = [hostOf(stays.url), hostOf(goes.url)].sort((one) => (one === asked[0] ? -1 : 1))
  expect(asked).toEqual([first, second, first, second, first, second])
  // The other instance hears of it by a notification.
  await until(async () => (await me(url, { token })).data.email === undefined)
})

test('nginx gives up a silent connection before the instance does', async () => {
  const answer = await fetch(`${stays.url}/health/live`)
  const kept = Number(/timeout=(\d+)/.exec(answer.headers.get('keep-alive') ?? '')?.[1])
  const documented = readFileSync(join(__dirname, '../../deploy/nginx.conf'), 'utf8')
  expect(Number(/keepalive_timeout (\d+)s/.exec(documented)?.[1])).toBeLessThan(kept)
})

test('one of two instances is taken out and ends by SIGTERM under traffic: no request fails', async () => {
  const email = await verifiedPerson(stays)
  const { user, tokens } = await loggedIn(nginx, email)
  const failed: string[] = []
  const traffic = { goesOn: true }
  const client = async () => {
    while (traffic.goesOn) {
      // As another browser each time: a reload closes connections of browsers that say nothing, and they connect again.
      const answer = await post(nginx.url, { query: '{ me { id } }' }, { ...AT_ONCE, token: tokens.accessToken })
      const text = await answer.text()
      if (!text.includes(user.id)) failed.push(`${answer.status} ${text}`)
    }
  }
  const clients = Array.from({ length: CLIENTS }, client)
  const nextAnswers = (count: number) => {
    const from = nginx.upstreams().length
    return until(() => {
      const answered = nginx.upstreams().slice(from)
      return answered.length >= count && answered
    })
  }
  const going = hostOf(goes.url)
  expect((await nextAnswers(20)).flat()).toContain(going)
  nginx.mark(goes.url, 'down')
  await until(async () => !(await nextAnswers(20)).flat().includes(going))
  expect(await goes.process.stop()).toEqual({ code: 0, signal: null })

  // One that is gone without a word gets no request either: its port refuses the connection, and the other one answers.
  nginx.mark(goes.url, 'up')
  await until(() => nginx.upstreams().some((tried) => tried.length === 2))
  await nextAnswers(20)
  traffic.goesOn = false
  await Promise.all(clients)
  expect(failed).toEqual([])
})
