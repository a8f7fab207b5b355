import { Secret, TOTP } from 'otpauth'
import type { TestApp } from './app'
import { type LoggedIn, call } from './client'
import { signedIn } from './people'

const PERIOD = 30_000

/** An authenticator app that is not ours, fed with what enrolling answers. */
export class Authenticator {
  private readonly totp: TOTP

  constructor(
    secret: string,
    private readonly app: Pick<TestApp, 'clock'>,
  ) {
    this.totp = new TOTP({ secret: Secret.fromBase32(secret) })
  }

  /** The code of this moment, or of so many steps from it. */
  code(steps = 0): string {
    return this.totp.generate({ timestamp: this.app.clock.now().getTime() + steps * PERIOD })
  }

  /** The code of the next step, once its time has come: no code counts twice. */
  nextCode(): string {
    this.app.clock.pass(PERIOD)
    return this.code()
  }

  /** A code that none of the three steps of this moment has. */
  wrongCode(): string {
    const right = [-1, 0, 1].map((steps) => this.code(steps))
    return ['000000', '000001', '000002', '000003'].find((code) => !right.includes(code)) ?? ''
  }
}

export interface Secured extends LoggedIn {
  email: string
  authenticator: Authenticator
  secret: string
  factorId: string
  /** The code that confirmed the app. */
  confirmedBy: string
  recoveryCodes: string[]
}

/** Adds an authenticator app to a signed-in account. */
export async function secure(
  app: Pick<TestApp, 'url' | 'clock'>,
  token: string,
): Promise<Pick<Secured, 'authenticator' | 'secret' | 'factorId' | 'confirmedBy' | 'recoveryCodes' | 'tokens'>> {
  const enrolled = await call(app.url, 'enrollTotp', { name: 'Phone' }, { token })
  if (enrolled.code !== 'SUCCESS') throw new Error(`enrollTotp answered ${enrolled.text}`)
  const { secret, factorId } = enrolled.data as { secret: string; factorId: string }
  const authenticator = new Authenticator(secret, app)
  const confirmedBy = authenticator.code()
  const confirmed = await call(app.url, 'confirmTotp', { factorId, code: confirmedBy }, { token })
  if (confirmed.code !== 'SUCCESS') throw new Error(`confirmTotp answered ${confirmed.text}`)
  const { recoveryCodes, tokens } = confirmed.data as Pick<Secured, 'recoveryCodes' | 'tokens'>
  return { authenticator, secret, factorId, confirmedBy, recoveryCodes, tokens }
}

/** A verified account with an authenticator app and a session of two factors. */
export async function secured(app: TestApp): Promise<Secured> {
  const person = await signedIn(app)
  return { ...person, ...(await secure(app, person.tokens.accessToken)) }
}

/** The challenge that the right password leads to. */
export async function challengeOf(app: Pick<TestApp, 'url'>, email: string, password: string): Promise<string> {
  const answer = await call(app.url, 'login', { email, password })
  if (answer.code !== 'SECOND_FACTOR_REQUIRED') throw new Error(`login answered ${answer.text}`)
  return (answer.data as { challenge: string }).challenge
}
