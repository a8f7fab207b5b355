import { removeDueSecondFactors } from '../../src/services/removeSecondFactors'
import { warnOfExpiringKeys } from '../../src/services/warnOfExpiringKeys'
import { startTestApp, type TestApp } from '../support/app'
import { call, me } from '../support/client'
import { type OperatorAnswer, change, operate, personWithRoles } from '../support/operators'
import { NEW_PASSWORD, PASSWORD, loggedIn, signedIn, someone, verifiedPerson } from '../support/people'
import { challengeOf, secured } from '../support/totp'
import { until } from '../support/until'

let app: TestApp
/** Another instance on the same database. */
let other: TestApp
let operator: { id: string; email: string; token: string }

beforeAll(async () => {
  app = await startTestApp({ env: { OPERATOR_API: 'on' } })
  other = await startTestApp({
    env: { OPERATOR_API: 'on', PUBLIC_URL: app.config.publicUrl },
    ...{ databaseUrl: app.databaseUrl, smtp: app.smtp, clock: app.clock },
  })
  operator = await personWithRoles(app, { roles: ['operator'], aal: 2 })
})
afterAll(async () => {
  await other.close()
  await app.close()
})

const USER = 'user { id email emailVerified displayName locale disabled disabledReason roles claims lastLoginAt }'

function asOperator(name: string, input: unknown, selection = USER): Promise<OperatorAnswer> {
  return change(app, name, { token: operator.token, input, selection })
}

function userOf({ result }: OperatorAnswer): unknown {
  return result.user
}

async function view(email: string): Promise<Record<string, unknown>> {
  const fields =
    'id emailVerified disabled lastLoginAt secondFactors { name } passkeys { name } sessions { id assuranceLevel }'
  const { result } = await operate(app.url, `query ($email: String) { result: user(email: $email) { ${fields} } }`, {
    token: operator.token,
    variables: { email },
  })
  return result
}

interface Audited {
  type: string
  userId: string | null
  actorKind: string
  actorId: string | null
  requestId: string | null
  details: Record<string, unknown>
}

async function audit(filter: Record<string, unknown>): Promise<Audited[]> {
  const node = 'type userId actorKind actorId requestId details'
  const { result } = await operate(
    app.url,
    `query ($filter: AuditFilter) { result: auditEvents(filter: $filter) { edges { node { ${node} } } } }`,
    { token: operator.token, variables: { filter } },
  )
  return (result.edges as { node: Audited }[]).map((edge) => edge.node)
}

describe('where the operator API is', () => {
  test('without OPERATOR_API there is none', async () => {
    const without = await startTestApp()
    const answer = await operate(without.url, '{ result: roles { name } }', { token: operator.token })
    await without.close()
    expect(answer.status).toBe(404)
  })

  test('with OPERATOR_PORT it is on that port, and the public port has none', async () => {
    const apart = await startTestApp({ env: { OPERATOR_API: 'on', OPERATOR_PORT: '0' }, databaseUrl: app.databaseUrl })
    const address = apart.app.operatorAddress ?? ''
    const [onPublic, onOwn] = [
      await operate(apart.url, '{ result: __typename }', {}),
      await operate(address, '{ result: roles { name users } }', { token: operator.token }),
    ]
    const login = await fetch(`${address}/graphql`, { method: 'POST' })
    await apart.close()
    expect(onPublic.status).toBe(404)
    expect(onOwn.code).toBe('UNAUTHENTICATED') // the other instance has keys of its own address
    expect(login.status).toBe(404)
  })
})

describe('an operator', () => {
  test('logs in with two factors, and after a quarter of an hour proves them again before a change', async () => {
    const { user, tokens, authenticator } = await secured(app)
    await app.app.deps.database.pool.query(`UPDATE users SET roles = '{operator}' WHERE id = $1`, [user.id])
    const person = await verifiedPerson(app)
    const { id } = (await view(person)) as { id: string }
    const enable = () =>
      change(app, 'enableUser', { token: tokens.accessToken, input: { userId: id }, selection: USER })
    expect((await enable()).code).toBe('SUCCESS')

    app.clock.pass(16 * 60_000)
    const refused = await enable()
    const proof = await call(app.url, 'stepUp', { totp: authenticator.nextCode() }, { token: tokens.accessToken })
    expect(refused).toMatchObject({
      code: 'STEP_UP_REQUIRED',
      result: { methods: expect.arrayContaining(['TOTP']) as unknown, maxAge: 900 },
    })
    expect(proof.code).toBe('SUCCESS')
    const { accessToken } = proof.data.tokens as { accessToken: string }
    const again = await change(app, 'enableUser', { token: accessToken, input: { userId: id }, selection: USER })
    expect(again.code).toBe('SUCCESS')
    operator = await personWithRoles(app, { roles: ['operator'], aal: 2 })
  })

  test('whose role is taken away is refused by every instance at once', async () => {
    const former = await personWithRoles(app, { roles: ['operator'], aal: 2 })
    const ask = (on: TestApp) => operate(on.url, '{ result: roles { name } }', { token: former.token })
    expect([(await ask(app)).code, (await ask(other)).code]).toEqual(['SUCCESS', 'SUCCESS'])
    expect((await asOperator('setRoles', { userId: former.id, roles: [] })).code).toBe('SUCCESS')
    expect((await ask(app)).code).toBe('FORBIDDEN')
    await until(async () => (await ask(other)).code === 'FORBIDDEN')
  })
})

describe('accounts', () => {
  test('are created without a password; the invitation lets their owner choose one, which verifies the address', async () => {
    const email = someone()
    const input = {
      email: ` ${email.toUpperCase()} `,
      displayName: 'Ada',
      locale: 'de',
      roles: ['editor'],
      claims: { plan: 'gold' },
    }
    const created = await asOperator('createUser', input)
    expect(userOf(created)).toMatchObject({
      email,
      emailVerified: false,
      displayName: 'Ada',
      locale: 'de',
      roles: ['editor'],
      claims: { plan: 'gold' },
    })
    expect((await call(app.url, 'login', { email, password: PASSWORD })).code).toBe('INVALID_CREDENTIALS')

    const token = await app.mailedToken(email, /Ihr Konto/)
    app.clock.pass(6 * 86_400_000)
    const chosen = await call(app.url, 'confirmReset', { token, password: NEW_PASSWORD })
    expect(chosen.code).toBe('SUCCESS')
    expect((await loggedIn(app, email, NEW_PASSWORD)).user).toMatchObject({ email, emailVerified: true, locale: 'de' })
    operator = await personWithRoles(app, { roles: ['operator'], aal: 2 })
  })

  test('are not created twice, but in place of a registration that nobody verified', async () => {
    const taken = await verifiedPerson(app)
    const waiting = someone()
    await call(app.url, 'register', { email: waiting, password: PASSWORD })
    const link = await app.mailedToken(waiting, /Confirm/)
    expect((await asOperator('createUser', { email: taken })).code).toBe('ALREADY_EXISTS')
    expect((await asOperator('createUser', { email: waiting })).code).toBe('SUCCESS')
    expect((await call(app.url, 'verifyEmail', { token: link })).code).toBe('INVALID_TOKEN')
    expect((await asOperator('createUser', { email: waiting })).code).toBe('ALREADY_EXISTS')
  })

  test('created by 50 calls at once for one address are one', async () => {
    const email = someone()
    const answers = await Promise.all(Array.from({ length: 50 }, () => asOperator('createUser', { email })))
    expect(answers.filter(({ code }) => code === 'SUCCESS')).toHaveLength(1)
    expect(answers.filter(({ code }) => code === 'ALREADY_EXISTS')).toHaveLength(49)
  })

  test.each([
    ['an address', { email: 'nobody' }, ['email']],
    ['roles', { roles: ['not a role'] }, ['roles']],
    ['claims', { claims: { deep: { deeper: { deepest: 1 } } } }, ['claims']],
    ['a language', { locale: 'not a tag' }, ['locale']],
  ])('refuse a wrong %s', async (_what, wrong, fields) => {
    const answer = await asOperator('createUser', { email: someone(), ...wrong })
    expect(answer.code).toBe('INVALID_INPUT')
    expect((answer.result.fields as { field: string }[]).map(({ field }) => field)).toEqual(fields)
  })

  test('that are disabled are refused by every instance: token, refresh, login and mailed link', async () => {
    const { user, email, tokens } = await signedIn(app)
    await call(app.url, 'requestReset', { email })
    const link = await app.mailedToken(email, /new password/)
    expect((await me(other.url, { token: tokens.accessToken })).code).toBe('SUCCESS')

    const disabled = await asOperator('disableUser', { userId: user.id, reason: 'chargeback' })
    expect(userOf(disabled)).toMatchObject({ disabled: true, disabledReason: 'chargeback' })
    expect((await me(app.url, { token: tokens.accessToken })).code).toBe('UNAUTHENTICATED')
    await until(async () => (await me(other.url, { token: tokens.accessToken })).code === 'UNAUTHENTICATED')
    for (const { url } of [app, other]) {
      expect((await call(url, 'refreshSession', { refreshToken: tokens.refreshToken })).code).toBe('INVALID_TOKEN')
      expect((await call(url, 'login', { email, password: PASSWORD })).code).toBe('INVALID_CREDENTIALS')
      expect((await call(url, 'confirmReset', { token: link, password: NEW_PASSWORD })).code).toBe('INVALID_TOKEN')
    }

    expect(userOf(await asOperator('enableUser', { userId: user.id }))).toMatchObject({
      disabled: false,
      disabledReason: null,
    })
    expect((await me(app.url, { token: tokens.accessToken })).code).toBe('UNAUTHENTICATED')
    expect((await call(app.url, 'login', { email, password: PASSWORD })).code).toBe('SUCCESS')
  })

  test('are disabled for a reason of 1 to 500 characters', async () => {
    const { user } = await signedIn(app)
    const codes = []
    for (const reason of [' ', 'x'.repeat(501), 'x'.repeat(500)]) {
      codes.push((await asOperator('disableUser', { userId: user.id, reason })).code)
    }
    expect(codes).toEqual(['INVALID_INPUT', 'INVALID_INPUT', 'SUCCESS'])
  })

  test('are deleted; their owner is notified', async () => {
    const { user, email, tokens } = await signedIn(app)
    expect((await asOperator('deleteUser', { userId: user.id }, 'userId')).result.userId).toBe(user.id)
    expect((await me(app.url, { token: tokens.accessToken })).code).toBe('UNAUTHENTICATED')
    await app.mail(email, /deleted/)
    expect((await asOperator('deleteUser', { userId: user.id }, 'userId')).code).toBe('NOT_FOUND')
  })

  test('are verified on an operator’s word: one registration that waits is activated, of several none', async () => {
    const [one, several] = [someone(), someone()]
    await call(app.url, 'register', { email: one, password: PASSWORD })
    await call(app.url, 'register', { email: several, password: PASSWORD })
    await call(app.url, 'register', { email: several, password: NEW_PASSWORD })
    for (const email of [one, several]) {
      const { id } = (await view(email)) as { id: string }
      expect(userOf(await asOperator('markEmailVerified', { userId: id }))).toMatchObject({ emailVerified: true })
    }
    expect((await call(app.url, 'login', { email: one, password: PASSWORD })).code).toBe('SUCCESS')
    expect((await call(app.url, 'login', { email: several, password: PASSWORD })).code).toBe('INVALID_CREDENTIALS')
    expect((await call(app.url, 'login', { email: several, password: NEW_PASSWORD })).code).toBe('INVALID_CREDENTIALS')
  })

  test('get a reset by mail', async () => {
    const { user, email } = await signedIn(app)
    expect((await asOperator('sendPasswordReset', { userId: user.id })).code).toBe('SUCCESS')
    const token = await app.mailedToken(email, /new password/)
    expect((await call(app.url, 'confirmReset', { token, password: NEW_PASSWORD })).code).toBe('SUCCESS')
  })

  test('show when their owner last logged in, and which sessions are live', async () => {
    const { email, session } = await signedIn(app)
    const shown = await view(email)
    expect(shown).toMatchObject({ sessions: [{ id: session.id, assuranceLevel: 1 }], secondFactors: [], passkeys: [] })
    expect(Math.abs(Date.parse(String(shown.lastLoginAt)) - app.clock.now().getTime())).toBeLessThan(60_000)
  })

  test('keep ended sessions ended and get new roles and claims at the next refresh', async () => {
    const { user, tokens } = await signedIn(app)
    await asOperator('setRoles', { userId: user.id, roles: ['editor', 'editor'] })
    const changed = await asOperator('setClaims', { userId: user.id, claims: { plan: 'gold' } })
    expect(userOf(changed)).toMatchObject({ roles: ['editor'], claims: { plan: 'gold' } })
    const refreshed = await call(app.url, 'refreshSession', { refreshToken: tokens.refreshToken })
    const { accessToken } = refreshed.data.tokens as { accessToken: string }
    const claims = JSON.parse(Buffer.from(accessToken.split('.')[1] ?? '', 'base64url').toString()) as {
      roles: unknown
    }
    expect(claims.roles).toEqual(['editor'])
    await asOperator('setRoles', { userId: user.id, roles: [], endSessions: true })
    expect((await me(app.url, { token: accessToken })).code).toBe('UNAUTHENTICATED')
  })
})

describe('second factors that their owner has lost', () => {
  const remove = (userId: string, immediately = false) =>
    asOperator('removeSecondFactors', { userId, immediately }, 'user { secondFactors { id } }')

  test('are removed after a day: the owner is told at once, then every session ends and the password suffices', async () => {
    const { user, email, tokens } = await secured(app)
    expect((await remove(user.id)).result).toMatchObject({ user: { secondFactors: [{}] } })
    await app.mail(email, /about to be removed/)
    app.clock.pass(86_400_000 - 60_000)
    await removeDueSecondFactors(app.app.deps)
    expect((await call(app.url, 'login', { email, password: PASSWORD })).code).toBe('SECOND_FACTOR_REQUIRED')

    app.clock.pass(60_001)
    await Promise.all([removeDueSecondFactors(app.app.deps), removeDueSecondFactors(other.app.deps)])
    await app.mail(email, /was removed/)
    expect((await call(app.url, 'refreshSession', { refreshToken: tokens.refreshToken })).code).toBe('INVALID_TOKEN')
    expect((await call(app.url, 'login', { email, password: PASSWORD })).code).toBe('SUCCESS')
    operator = await personWithRoles(app, { roles: ['operator'], aal: 2 })
    const events = (await audit({ userId: user.id })).map(({ type, actorKind }) => [type, actorKind])
    expect(events.filter(([type]) => type?.includes('removal') || type?.includes('removed'))).toEqual([
      ['second_factors_removed', 'system'],
      ['second_factor_removal_planned', 'operator'],
    ])
  })

  test('stay if the owner logs in with one in the meantime', async () => {
    const { user, email, authenticator } = await secured(app)
    await remove(user.id)
    const challenge = await challengeOf(app, email, PASSWORD)
    const login = await call(app.url, 'verifySecondFactor', { challenge, totp: authenticator.nextCode() })
    expect(login.code).toBe('SUCCESS')
    app.clock.pass(86_400_001)
    await removeDueSecondFactors(app.app.deps)
    expect((await call(app.url, 'login', { email, password: PASSWORD })).code).toBe('SECOND_FACTOR_REQUIRED')
    operator = await personWithRoles(app, { roles: ['operator'], aal: 2 })
    expect((await audit({ userId: user.id })).map(({ type }) => type)).toContain('second_factor_removal_cancelled')
  })

  test('are removed at once where the operator says so', async () => {
    const { user, email, tokens } = await secured(app)
    expect((await remove(user.id, true)).result).toMatchObject({ user: { secondFactors: [] } })
    expect((await me(app.url, { token: tokens.accessToken })).code).toBe('UNAUTHENTICATED')
    expect((await call(app.url, 'login', { email, password: PASSWORD })).code).toBe('SUCCESS')
  })
})

describe('sessions', () => {
  test('of all accounts end only where the number of accounts is given', async () => {
    const { tokens, user } = await signedIn(app)
    const ended = await asOperator('endSessions', { userId: user.id }, 'endedSessions')
    expect(ended.result.endedSessions).toBe(1)
    expect((await me(app.url, { token: tokens.accessToken })).code).toBe('UNAUTHENTICATED')

    const person = await signedIn(app)
    const { rows } = await app.app.deps.database.pool.query<{ count: string }>('SELECT count(*) FROM users')
    const confirm = rows[0]?.count ?? ''
    for (const input of [
      { all: true },
      { all: true, confirm: `${confirm}0` },
      { all: true, confirm, userId: user.id },
      {},
    ]) {
      expect((await asOperator('endSessions', input, 'endedSessions')).code).toBe('INVALID_INPUT')
    }
    expect((await me(other.url, { token: person.tokens.accessToken })).code).toBe('SUCCESS')
    const all = await asOperator('endSessions', { all: true, confirm }, 'endedSessions')
    expect(Number(all.result.endedSessions)).toBeGreaterThan(1)
    await until(async () => (await me(other.url, { token: person.tokens.accessToken })).code === 'UNAUTHENTICATED')
    operator = await personWithRoles(app, { roles: ['operator'], aal: 2 })
    expect(await audit({ types: ['all_sessions_ended'] })).toMatchObject([{ userId: null, actorKind: 'operator' }])
  })
})

describe('the list of accounts', () => {
  const page = async (filter: Record<string, unknown>, first: number, after: string | null = null) => {
    const { result, code, text } = await operate(
      app.url,
      `query ($filter: UserFilter, $first: Int!, $after: String) {
        result: users(filter: $filter, first: $first, after: $after) {
          edges { node { email } } pageInfo { hasNextPage endCursor } } }`,
      { token: operator.token, variables: { filter, first, after } },
    )
    if (code !== 'SUCCESS') throw new Error(text)
    const { edges, pageInfo } = result as {
      edges: { node: { email: string } }[]
      pageInfo: { hasNextPage: boolean; endCursor: string | null }
    }
    return { emails: edges.map(({ node }) => node.email), ...pageInfo }
  }
  const create = (email: string) => verifiedPerson(app, email)

  test('has pages that neither overlap nor omit an account while others are added', async () => {
    for (let n = 0; n < 7; n += 1) {
      await create(`page${n}@pages.example`)
      app.clock.pass(1)
    }
    const filter = { emailPrefix: 'PAGE' }
    const first = await page(filter, 3)
    await create('page7@pages.example')
    const second = await page(filter, 3, first.endCursor)
    const third = await page(filter, 3, second.endCursor)
    expect([...first.emails, ...second.emails, ...third.emails]).toEqual(
      [6, 5, 4, 3, 2, 1, 0].map((n) => `page${n}@pages.example`),
    )
    expect([first.hasNextPage, second.hasNextPage, third.hasNextPage]).toEqual([true, true, false])
  })

  test.each(['%', '_', '\\', "'", '"', '%%%'])('takes %s in a filter as plain text', async (sign) => {
    await app.app.deps.database.pool.query(
      `INSERT INTO users (email, password_hash) VALUES ('axb@signs.example', '!') ON CONFLICT DO NOTHING`,
    )
    expect((await page({ emailPrefix: 'axb@' }, 10)).emails).toEqual(['axb@signs.example'])
    expect((await page({ emailPrefix: `a${sign}b@` }, 10)).emails).toEqual([])
    expect((await page({ emailContains: `a${sign}b@signs` }, 10)).emails).toEqual([])
  })

  test('finds accounts by every filter', async () => {
    const email = await create('ada_%100@filters.example')
    const { user } = await loggedIn(app, email)
    const created = (
      await app.app.deps.database.pool.query<{ at: Date }>('SELECT created_at AS at FROM users WHERE id = $1', [
        user.id,
      ])
    ).rows[0]?.at
    await asOperator('setRoles', { userId: user.id, roles: ['reader:filters'] })
    const at = created?.getTime() ?? 0
    const of = async (filter: Record<string, unknown>) =>
      (await page({ emailContains: '_%100@filters', ...filter }, 10)).emails
    for (const filter of [
      { emailPrefix: 'ada_%' },
      { verified: true },
      { disabled: false },
      { role: 'reader:filters' },
      { hasSecondFactor: false },
      { createdAfter: new Date(at - 1), createdBefore: new Date(at + 1) },
      { verified: null, role: null },
    ]) {
      expect(await of(filter)).toEqual([email])
    }
    for (const filter of [
      { verified: false },
      { disabled: true },
      { role: 'reader' },
      { hasSecondFactor: true },
      { createdAfter: new Date(at + 1) },
      { createdBefore: new Date(at - 1) },
    ]) {
      expect(await of(filter)).toEqual([])
    }
  })

  test.each([
    ['first: 0', 'BAD_USER_INPUT'],
    ['first: 201', 'BAD_USER_INPUT'],
    ['after: "nothing"', 'BAD_USER_INPUT'],
  ])('refuses %s', async (argument, code) => {
    expect(
      (await operate(app.url, `{ result: users(${argument}) { __typename } }`, { token: operator.token })).code,
    ).toBe(code)
  })
})

describe('the audit', () => {
  test('names the operator and the request of every change, and who looked at an account', async () => {
    const { user, email } = await signedIn(app)
    await asOperator('enableUser', { userId: user.id })
    await view(email)
    const [viewed, enabled, login] = await audit({ userId: user.id })
    const by = {
      userId: user.id,
      actorKind: 'operator',
      actorId: operator.id,
      requestId: expect.stringMatching(/^[0-9a-f-]{36}$/) as unknown,
    }
    expect(viewed).toMatchObject({ type: 'user_viewed', ...by })
    expect(enabled).toMatchObject({ type: 'user_enabled', ...by })
    expect(login).toMatchObject({ type: 'login_succeeded', actorKind: 'user', actorId: null })
    const line = app.log.find(({ requestId }) => requestId === enabled?.requestId)
    expect(line).toMatchObject({ event: 'user_enabled', userId: user.id })
  })

  test('answers nothing for what is no id or no address of a client', async () => {
    expect(await audit({ userId: 'nothing' })).toEqual([])
    expect(await audit({ ipAddress: "'; --" })).toEqual([])
  })

  test('refuses a type that no event has, which would look like an empty audit', async () => {
    const document = '{ result: auditEvents(filter: { types: ["login_succeded"] }) { edges { node { id } } } }'
    const { code } = await operate(app.url, document, { token: operator.token })
    expect(code).toBe('BAD_USER_INPUT')
  })
})

describe('service keys', () => {
  const create = async (input: Record<string, unknown>) => {
    const answer = await asOperator(
      'createServiceKey',
      { name: 'billing', scopes: ['users:read'], ...input },
      'key serviceKey { id expiresAt }',
    )
    const { key, serviceKey } = answer.result as { key: string; serviceKey: { id: string; expiresAt: string } }
    return { ...answer, key, serviceKey }
  }
  const ask = (token: string, on: TestApp = app) => operate(on.url, '{ result: roles { name } }', { token })

  test('open what their scopes name until they are revoked, at once and on every instance', async () => {
    const { key, serviceKey } = await create({})
    expect(key).toMatch(/^ghk_[0-9a-f]{32}_[\w-]{43}$/)
    expect([(await ask(key)).code, (await ask(key, other)).code]).toEqual(['SUCCESS', 'SUCCESS'])
    expect((await asOperator('revokeServiceKey', { serviceKeyId: serviceKey.id }, 'serviceKeyId')).code).toBe('SUCCESS')
    expect([(await ask(key)).code, (await ask(key, other)).code]).toEqual(['UNAUTHENTICATED', 'UNAUTHENTICATED'])
    expect((await asOperator('revokeServiceKey', { serviceKeyId: serviceKey.id }, 'serviceKeyId')).code).toBe(
      'NOT_FOUND',
    )
    expect(await audit({ types: ['service_key_created', 'service_key_revoked'] })).toMatchObject([
      { type: 'service_key_revoked', actorId: operator.id, details: { serviceKeyId: serviceKey.id } },
      { type: 'service_key_created', actorId: operator.id, details: { serviceKeyId: serviceKey.id } },
      ...Array<unknown>((await audit({ types: ['service_key_created', 'service_key_revoked'] })).length - 2).fill({}),
    ])
  })

  test('expire, after a year if nothing else is said', async () => {
    const [year, day] = [await create({}), await create({ days: 1 })]
    expect(Math.round((Date.parse(year.serviceKey.expiresAt) - app.clock.now().getTime()) / 86_400_000)).toBe(365)
    app.clock.pass(86_400_001)
    expect([(await ask(year.key)).code, (await ask(day.key)).code]).toEqual(['SUCCESS', 'UNAUTHENTICATED'])
    operator = await personWithRoles(app, { roles: ['operator'], aal: 2 })
  })

  test('are warned of from thirty days before their expiry', async () => {
    const [soon, later] = [await create({ days: 30 }), await create({ days: 31 })]
    await warnOfExpiringKeys(app.app.deps)
    const warned = app.log
      .filter(({ event }) => event === 'service_key_expires')
      .map(({ serviceKeyId }) => serviceKeyId)
    expect(warned).toContain(soon.serviceKey.id)
    expect(warned).not.toContain(later.serviceKey.id)
  })

  test('work from their addresses only', async () => {
    const [here, elsewhere] = [
      await create({ allowedIps: ['127.0.0.0/8', '::1'] }),
      await create({ allowedIps: ['192.0.2.1'] }),
    ]
    expect([(await ask(here.key)).code, (await ask(elsewhere.key)).code]).toEqual(['SUCCESS', 'UNAUTHENTICATED'])
  })

  test('write nothing without the scope, and the audit names the key that wrote', async () => {
    const person = await signedIn(app)
    const input = { userId: person.user.id }
    const [reader, writer] = [await create({}), await create({ scopes: ['users:write'] })]
    const refused = await change(app, 'enableUser', { token: reader.key, input, selection: USER })
    expect(refused).toMatchObject({ code: 'FORBIDDEN_SCOPE', result: { scope: 'users:write' } })
    expect((await change(app, 'enableUser', { token: writer.key, input, selection: USER })).code).toBe('SUCCESS')
    expect((await audit({ userId: person.user.id }))[0]).toMatchObject({
      actorKind: 'service',
      actorId: writer.serviceKey.id,
    })
  })

  test('are not stored, and the list shows their last use', async () => {
    const { key, serviceKey } = await create({ name: 'listed' })
    await ask(key)
    const { text } = await operate(
      app.url,
      '{ result: __typename serviceKeys { id name scopes lastUsedAt revokedAt } }',
      { token: operator.token },
    )
    const { data } = JSON.parse(text) as { data: { serviceKeys: { id: string; lastUsedAt: string | null }[] } }
    expect(data.serviceKeys.find(({ id }) => id === serviceKey.id)?.lastUsedAt).not.toBeNull()
    expect(text).not.toContain(key)
    const { rows } = await app.app.deps.database.pool.query<{ row: string }>(
      'SELECT k::text AS row FROM service_keys k',
    )
    expect(rows.some(({ row }) => row.includes(key.slice(-43)))).toBe(false)
    expect(JSON.stringify(app.log)).not.toContain(key.slice(-43))
  })

  test.each([
    ['no name', { name: ' ' }],
    ['a name of 101 characters', { name: 'x'.repeat(101) }],
    ['no scope', { scopes: [] }],
    ['an unknown scope', { scopes: ['everything'] }],
    ['no day', { days: 0 }],
    ['too many days', { days: 3651 }],
    ['what is no address', { allowedIps: ['10.1'] }],
    ['what is no range', { allowedIps: ['10.0.0.0/33'] }],
  ])('are not created with %s', async (_what, wrong) => {
    expect((await create(wrong)).code).toBe('INVALID_INPUT')
  })

  test('that nobody knows are refused, after sixty a minute without a query', async () => {
    const limited = await startTestApp({ env: { OPERATOR_API: 'on', RATE_LIMITS: 'on', NODE_ENV: 'test' } })
    const unknown = `ghk_${'0'.repeat(32)}_${'a'.repeat(43)}`
    const codes = []
    for (let n = 0; n < 62; n += 1) codes.push((await ask(unknown, limited)).code)
    await limited.close()
    expect(codes.slice(0, 60)).toEqual(Array(60).fill('UNAUTHENTICATED'))
    expect(codes.at(-1)).toBe('RATE_LIMITED')
  })
})
