// A server that renders pages and calls Gatehouse for its users. The browser holds a session cookie of this server, and no
// token. Start it with: GATEHOUSE_KEY=ghk_… node examples/bff/server.mjs
import { randomBytes } from 'node:crypto'
import { createServer } from 'node:http'
import { createClient } from '@gatehouse/client'

const { PORT = '3000', GATEHOUSE_URL = 'http://localhost:4000', GATEHOUSE_KEY } = process.env
const COOKIE = 'shop_session'

/** The signed-in users by the cookie's value. A real shop keeps each one's refresh token in its database. */
const sessions = new Map()

/** What Gatehouse shall know of the person behind a request: without it everybody would share this server's rate limits. */
function headersOf(request) {
  return {
    'gatehouse-service-key': GATEHOUSE_KEY,
    'gatehouse-client-address': request.socket.remoteAddress,
    'user-agent': request.headers['user-agent'] ?? '',
    'accept-language': request.headers['accept-language'] ?? '',
  }
}

/** A client for one person. Its headers are those of the request that is served. */
function newSession(request) {
  const session = { request }
  session.auth = createClient({ url: GATEHOUSE_URL, transport: 'BODY', headers: () => headersOf(session.request) })
  return session
}

const routes = {
  'GET /': async ({ session }) => (session ? accountPage(await session.auth.me()) : loginPage()),
  'POST /login': async ({ request, form }) => {
    const session = newSession(request)
    const result = await session.auth.login({ email: form.get('email'), password: form.get('password') })
    if (result.__typename !== 'LoginSuccess') return loginPage(result.message)
    const id = randomBytes(32).toString('base64url')
    sessions.set(id, session)
    return { redirect: '/', cookie: `${COOKIE}=${id}; Path=/; HttpOnly; SameSite=Lax` }
  },
  'POST /logout': async ({ id, session }) => {
    await session?.auth.signOut()
    sessions.delete(id)
    return { redirect: '/', cookie: `${COOKIE}=; Path=/; Max-Age=0` }
  },
}

createServer(async (request, response) => {
  const id = new RegExp(`${COOKIE}=([\\w-]+)`).exec(request.headers.cookie ?? '')?.[1]
  const session = sessions.get(id)
  if (session) session.request = request
  const route = routes[`${request.method} ${request.url}`]
  // Other sites must not send forms here.
  const isForeign = request.method === 'POST' && request.headers['sec-fetch-site'] === 'cross-site'
  if (!route || isForeign) return response.writeHead(404).end()
  try {
    answer(response, await route({ request, id, session, form: new URLSearchParams(await bodyOf(request)) }))
  } catch (error) {
    // Nobody is logged out: the server could not be asked.
    console.error(error)
    response.writeHead(503, { 'content-type': 'text/html' }).end('<p>Please try again in a moment.</p>')
  }
}).listen(Number(PORT), () => console.log(`http://localhost:${PORT}`))

function answer(response, { redirect, cookie, html }) {
  if (cookie) response.setHeader('set-cookie', cookie)
  if (redirect) return response.writeHead(303, { location: redirect }).end()
  response
    .writeHead(200, { 'content-type': 'text/html; charset=utf-8' })
    .end(`<!doctype html><title>Shop</title>${html}`)
}

async function bodyOf(request) {
  let body = ''
  for await (const chunk of request) {
    body += chunk
    if (body.length > 10_000) throw new Error('The body is too long')
  }
  return body
}

function loginPage(message = '') {
  return {
    html: `<form method="post" action="/login">
      <p role="alert">${escape(message)}</p>
      <label>Email <input name="email" type="email" autocomplete="username" required></label>
      <label>Password <input name="password" type="password" autocomplete="current-password" required></label>
      <button>Log in</button></form>`,
  }
}

function accountPage(user) {
  if (!user) return loginPage('Please log in again.')
  return {
    html: `<h1>Hello ${escape(user.displayName ?? user.email)}</h1>
      <form method="post" action="/logout"><button>Log out</button></form>`,
  }
}

function escape(text) {
  return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`)
}
