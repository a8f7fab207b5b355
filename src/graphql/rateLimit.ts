import type { Context } from './context'
import { type BudgetKey, type FieldBudget } from '../config/budgets'
import { RATE_LIMIT } from '../config/defaults'
import { UnauthenticatedError } from '../errors/requestErrors'
import { RateLimitedError } from '../errors/userErrors'
import { formatDuration } from '../lib/duration'
import { canonicalEmail } from '../lib/emailAddress'
import { span } from '../ops/tracing'
import type { Budget, Charge } from '../ratelimit/rateLimiter'
import { findPresentedSession } from '../services/steps/findPresentedSession'

/** One call of a field, with what its budgets count by. */
interface Call {
  field: string
  context: Context
  input: { email?: unknown; refreshToken?: unknown }
}

/**
 * Counts one call on every budget of the field, before anything else is done for it. Returns what was charged. Throws a
 * RateLimitedError.
 */
export async function chargeBudgets(
  budgets: readonly FieldBudget[],
  { field, context, args }: { field: string; context: Context; args: Record<string, unknown> },
): Promise<Charge[]> {
  const charges = await chargesOf(budgets, { field, context, input: args.input ?? {} })
  await consume(context, charges)
  return charges
}

/** Refunds charges, before the response: the client's next call finds them refunded. Never fails: the operation has succeeded. */
export async function refundCharges({ client, deps }: Context, charges: readonly Charge[]): Promise<void> {
  await deps.limiter.refund(charges).catch(() => {
    deps.sampledLog(client.log, { event: 'rate_limit_refund_failed' })
  })
}

async function consume({ client, deps }: Context, charges: readonly Charge[]): Promise<void> {
  const wait = await span('rate limits', {}, () => deps.limiter.consume(charges, client.log))
  if (wait > 0) throw new RateLimitedError(wait)
}

async function chargesOf(budgets: readonly FieldBudget[], call: Call): Promise<Charge[]> {
  const bySession = budgets.filter(({ per }) => per.includes('SESSION'))
  const others = budgets.filter(({ per }) => !per.includes('SESSION'))
  const session = bySession.length > 0 ? await sessionOf(call, others) : null
  const counted = session === null ? others : bySession
  return (await Promise.all(counted.map((budget) => chargesOfBudget(budget, call, session)))).flat()
}

/** One charge for each network of the client if the budget counts by IP, else a single one. */
async function chargesOfBudget(
  { max, window, per }: FieldBudget,
  call: Call,
  session: string | null,
): Promise<Charge[]> {
  const { networks } = call.context.client
  const subjects = new Map<BudgetKey, string>()
  for (const key of per) if (key !== 'IP') subjects.set(key, await subjectOf(key, call, session))
  return (per.includes('IP') ? networks : [{ prefix: '', share: 1 }]).map(({ prefix, share }) => ({
    budget: { name: `${call.field}:${per.join('+')}:${formatDuration(window)}`, max: max * share, window },
    subject: per.map((key) => subjects.get(key) ?? prefix).join(' '),
  }))
}

async function subjectOf(key: Exclude<BudgetKey, 'IP'>, call: Call, session: string | null): Promise<string> {
  switch (key) {
    case 'EMAIL': {
      const { email } = call.input
      // A malformed address is counted as it is; the operation rejects it later.
      return typeof email === 'string' ? (canonicalEmail(email) ?? email.slice(0, 254)) : ''
    }
    case 'USER':
      return userOf(call.context)
    case 'SESSION':
      return session ?? ''
    default:
      return key satisfies never
  }
}

/** If nobody is signed in, counts the network; the operation decides later whether it requires a viewer. */
async function userOf({ client, requireViewer }: Context): Promise<string> {
  try {
    return (await requireViewer()).account.id
  } catch (error) {
    if (error instanceof UnauthenticatedError) return client.networks.at(-1)?.prefix ?? client.ipAddress
    throw error
  }
}

/**
 * The session of the presented refresh token. A look-up is a query, so once a network has spent its budget for unknown
 * tokens, this instance limits its look-ups too. Throws a RateLimitedError.
 */
async function sessionOf({ field, context, input }: Call, forUnknown: readonly FieldBudget[]): Promise<string | null> {
  const { refreshToken } = input
  const presented = typeof refreshToken === 'string' ? refreshToken : context.cookieToken
  const unknown = (
    await Promise.all(forUnknown.map((budget) => chargesOfBudget(budget, { field, context, input }, null)))
  ).flat()
  if (context.deps.limiter.isKnownSpent(unknown)) await consume(context, unknown.map(lookupOf))
  return presented === null ? null : findPresentedSession(context.deps, presented)
}

function lookupOf({ budget, subject }: Charge): Charge {
  const lookups: Budget = { ...budget, name: `${budget.name}:lookup`, max: budget.max * RATE_LIMIT.lookupFactor }
  return { budget: { ...lookups, local: true }, subject }
}
