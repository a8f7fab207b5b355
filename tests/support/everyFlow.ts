import type { TestApp } from './app'
import { type Answer, type LoggedIn, call, me, rest } from './client'

/** A server to walk through, in this process or in another. */
export interface Walked extends Pick<TestApp, 'url' | 'mail' | 'mailedToken'> {
  /** Lets the time pass in which a replaced refresh token may be used again. */
  outlastGrace: () => Promise<void>
}

/** Who walks, and with which passwords: all of them different, so that each can be looked for. */
export interface Walker {
  email: string
  newEmail: string
  passwords: { registered: string; reset: string; changed: string; wrong: string }
  displayName?: string
  headers?: Record<string, string>
}

/** The audit events that the walk leaves behind, one or more of each, as rows and as lines of the log. */
export const EVENTS_OF_THE_WALK = [
  'registration_requested',
  'email_verified',
  'login_succeeded',
  'login_failed',
  'refresh_token_reused',
  'session_revoked',
  'other_sessions_revoked',
  'logged_out',
  'password_reset',
  'password_changed',
  'password_check_failed',
  'profile_updated',
  'email_change_requested',
  'email_changed',
  'account_deleted',
] as const

/** Walks through every operation, by both doors where there are two. Resolves to every token that was handed out or mailed. */
export async function walkEveryFlow(app: Walked, walker: Walker): Promise<string[]> {
  const tokens: string[] = []
  const { email, newEmail, passwords, displayName = 'Ada', headers = {} } = walker

  const demand = (answer: Answer, code = 'SUCCESS') => {
    if (answer.code !== code) throw new Error(`${code} was expected: ${answer.text}`)
    return answer.data
  }
  const ask = async (name: string, input?: unknown, token?: string) =>
    call(app.url, name, input, { headers, ...(token === undefined ? {} : { token }) })
  const keepTokens = (data: unknown) => {
    const { tokens: issued } = data as Pick<LoggedIn, 'tokens'>
    tokens.push(issued.accessToken, issued.refreshToken ?? '')
    return issued
  }
  const keep = (data: unknown) => {
    const issued = keepTokens(data)
    return { access: issued.accessToken, refresh: issued.refreshToken, sessionId: (data as LoggedIn).session.id }
  }
  const logIn = async (password: string, address = email) =>
    keep(demand(await ask('login', { email: address, password })))
  const mailed = async (address: string, subject: RegExp) => {
    const token = await app.mailedToken(address, subject)
    tokens.push(token)
    return token
  }

  demand(await ask('register', { email, password: passwords.registered, displayName }))
  await mailed(email, /Confirm your email/)
  demand(await ask('resendVerification', { email }))
  demand(await ask('verifyEmail', { token: await mailed(email, /Confirm your email/) }))
  demand(await rest(app.url, 'register', { email, password: passwords.registered }, { headers })) // taken by now
  await app.mail(email, /already/)

  demand(await ask('login', { email, password: passwords.wrong }), 'INVALID_CREDENTIALS')
  demand(await rest(app.url, 'login', { email, password: passwords.wrong }, { headers }), 'INVALID_CREDENTIALS')
  const first = await logIn(passwords.registered)
  const second = keep(demand(await ask('refreshSession', { refreshToken: first.refresh })))
  await app.outlastGrace()
  demand(await ask('refreshSession', { refreshToken: first.refresh }), 'INVALID_TOKEN')
  demand(await me(app.url, { token: second.access }), 'UNAUTHENTICATED')

  demand(await ask('requestReset', { email }))
  demand(await ask('confirmReset', { token: await mailed(email, /new password/), password: passwords.reset }))
  const [third, fourth] = [await logIn(passwords.reset), await logIn(passwords.reset)]
  demand(await ask('revokeSession', { sessionId: fourth.sessionId }, third.access))
  await logIn(passwords.reset)
  demand(await ask('revokeOtherSessions', undefined, third.access))
  demand(await ask('updateProfile', { displayName: `${displayName} II`, locale: 'en-GB' }, third.access))
  const change = { newPassword: passwords.changed }
  const wrong = await ask('changePassword', { ...change, currentPassword: passwords.wrong }, third.access)
  demand(wrong, 'INVALID_CREDENTIALS')
  keepTokens(demand(await ask('changePassword', { ...change, currentPassword: passwords.reset }, third.access)))
  demand(await ask('requestEmailChange', { newEmail, password: passwords.changed }, third.access))
  demand(await ask('confirmEmailChange', { token: await mailed(newEmail, /new email/) }))

  const fifth = await logIn(passwords.changed, newEmail)
  demand(await rest(app.url, 'me', undefined, { token: fifth.access, headers }))
  demand(await ask('logout', undefined, fifth.access))
  const last = await logIn(passwords.changed, newEmail)
  demand(await ask('deleteAccount', { password: passwords.changed }, last.access))
  await app.mail(newEmail, /deleted/)
  return [...new Set(tokens)]
}
