import type { Prisma } from '../generated/prisma/client'
import type { Queryable } from './database'
import { NO_PASSWORD } from './users'

/**
 * What an export leaves out, with the reason: a model, or a column of an exported one. A test walks schema.prisma, so that a
 * new table or column is either exported or stands here.
 */
export const NOT_EXPORTED: Readonly<Record<string, string>> = {
  'User.passwordHash': 'a secret; `hasPassword` says whether there is one',
  'User.secondFactorFailures': 'a counter that protects the account, which would help whoever guesses',
  'Session.refreshTokenHash': 'the digest of a secret',
  'Registration.passwordHash': 'a secret',
  'OneTimeToken.registrationId': 'names a row that is exported beside it',
  'OneTimeToken.tokenHash': 'the digest of a secret',
  'OneTimeToken.mailSequence': 'orders the rows, and says nothing about the person',
  'FormerEmail.tokenHash': 'the digest of a secret',
  'FormerEmail.sequence': 'orders the rows, and says nothing about the person',
  'KnownDevice.deviceHash': 'the digest of the user agent of a session',
  'KnownDevice.tokenHash': 'the digest of a secret',
  'AuditEvent.details': 'ids of rows that are exported, and counts',
  'AuditEvent.actorKind': 'as `byOperator`',
  'AuditEvent.actorId': 'who of the operators acted is about them, not about the person',
  'AuditEvent.requestId': 'leads to lines of the log, and says nothing about the person',
  'Mail.registrationId': 'names a row that is exported beside it',
  'Mail.challengeId': 'names a row that lives for minutes',
  'Mail.redirect': 'which app asked for it',
  'Mail.attempts': 'how the delivery goes, which says nothing about the person',
  'Mail.sequence': 'as attempts',
  'Mail.dueAt': 'as attempts',
  'Mail.leasedUntil': 'as attempts',
  'Mail.leaseOwner': 'as attempts',
  'Mail.traceparent': 'as attempts',
  'TotpFactor.secretSealed': 'a secret',
  'TotpFactor.lastStep': 'tells which codes were used, and nothing about the person',
  'RecoveryCode.codeHash': 'the digest of a secret',
  Challenge: 'lives for minutes, and holds the digests of a proof that is awaited',
  ReplacedRefreshToken: 'digests of secrets, and when each was replaced',
  SigningKey: 'belongs to the server',
  CountedMail: 'a keyed digest of the address, for hours',
  RateLimitCounter: 'keyed digests, for the window of a budget',
  LoginFailure: 'a keyed digest of the address, and a number',
  Setting: 'belongs to the server',
  WebhookEndpoint: 'belongs to operators',
  WebhookDelivery: 'the id of the account with the event that `securityEvents` has, for 30 days',
  ServiceKey: 'belongs to a service',
}

interface EventFilter {
  types: readonly string[]
  max: number
}

const MAIL = { id: true, name: true, recipient: true, locale: true, createdAt: true, expiresAt: true } as const

const SESSION = {
  ...{ id: true, createdAt: true, lastSeenAt: true, expiresAt: true, revokedAt: true, ipAddress: true },
  ...{ userAgent: true, aal: true, amr: true, authenticatedAt: true },
} as const
const PASSKEY = {
  ...{ id: true, name: true, credentialId: true, publicKey: true, signCount: true, transports: true },
  ...{
    aaguid: true,
    discoverable: true,
    backupEligible: true,
    backedUp: true,
    createdAt: true,
    lastUsedAt: true,
  },
} as const

/** Each table in the order of time, so that two exports can be compared. */
export function exportSelect({ types, max }: EventFilter) {
  const oldestFirst = { orderBy: { createdAt: 'asc' } } as const
  return {
    ...{ id: true, email: true, emailVerifiedAt: true, displayName: true, locale: true, roles: true, claims: true },
    ...{
      pendingEmail: true,
      pendingUntil: true,
      disabledAt: true,
      disabledReason: true,
      importedAt: true,
      passwordChangedAt: true,
    },
    ...{ lastLoginAt: true, createdAt: true, updatedAt: true },
    profile: { select: { data: true, updatedAt: true } },
    registrations: {
      ...oldestFirst,
      select: { id: true, displayName: true, locale: true, activatedAt: true, createdAt: true },
    },
    sessions: { ...oldestFirst, select: SESSION },
    oneTimeTokens: {
      ...oldestFirst,
      select: { id: true, purpose: true, email: true, createdAt: true, expiresAt: true, usedAt: true },
    },
    mails: { ...oldestFirst, select: MAIL },
    knownDevices: {
      ...oldestFirst,
      select: { id: true, network: true, sessionId: true, isKnown: true, createdAt: true, lastSeenAt: true },
    },
    formerEmails: {
      orderBy: { sequence: 'asc' as const },
      select: { id: true, email: true, changedAt: true, expiresAt: true },
    },
    totpFactors: {
      ...oldestFirst,
      select: { id: true, name: true, createdAt: true, confirmedAt: true, lastUsedAt: true },
    },
    passkeys: { ...oldestFirst, select: PASSKEY },
    secondFactorRemoval: { select: { requestedAt: true, dueAt: true } },
    recoveryCodes: { ...oldestFirst, select: { createdAt: true, usedAt: true } },
    auditEvents: {
      orderBy: [{ createdAt: 'desc' as const }, { id: 'desc' as const }],
      where: { type: { in: [...types] } },
      take: max + 1,
      select: { id: true, type: true, actorKind: true, ipAddress: true, userAgent: true, createdAt: true },
    },
  } satisfies Prisma.UserSelect
}

/** Everything that is stored about an account, save what NOT_EXPORTED names; null if it was deleted. */
export async function readAccountExport(db: Queryable, id: string, filter: EventFilter) {
  const user = await db.user.findUnique({ where: { id }, select: exportSelect(filter) })
  if (!user) return null
  const hasPassword = (await db.user.count({ where: { id, passwordHash: { not: NO_PASSWORD } } })) === 1
  return { ...user, hasPassword }
}
export type StoredAccount = NonNullable<Awaited<ReturnType<typeof readAccountExport>>>
