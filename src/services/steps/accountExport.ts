import { z } from 'zod'
import type { StoredAccount } from '../../store/accountExport'

const time = z.iso.datetime()
const maybeTime = time.nullable()
const maybeText = z.string().nullable()
const id = z.uuid()

/** The form of an export: docs/account-export.schema.json is this as JSON Schema. A change of meaning needs a new `version`. */
export const ACCOUNT_EXPORT = z.strictObject({
  version: z.literal(1),
  exportedAt: time,
  account: z.strictObject({
    ...{ id, email: z.string(), emailVerifiedAt: maybeTime, displayName: maybeText, locale: z.string() },
    ...{ pendingEmail: maybeText, pendingEmailExpiresAt: maybeTime, hasPassword: z.boolean(), passwordChangedAt: time },
    ...{ roles: z.array(z.string()), claims: z.record(z.string(), z.unknown()) },
    ...{
      disabledAt: maybeTime,
      disabledReason: maybeText,
      importedAt: maybeTime,
      lastLoginAt: maybeTime,
      createdAt: time,
      updatedAt: time,
    },
  }),
  profile: z
    .strictObject({ data: z.record(z.string(), z.unknown()), updatedAt: time })
    .nullable()
    .describe('What the user has said of themselves for the app.'),
  registrations: z.array(
    z.strictObject({ id, displayName: maybeText, locale: z.string(), activatedAt: maybeTime, createdAt: time }),
  ),
  sessions: z.array(
    z.strictObject({
      ...{ id, createdAt: time, lastSeenAt: time, expiresAt: time, revokedAt: maybeTime, authenticatedAt: time },
      ...{ ipAddress: maybeText, userAgent: maybeText, assuranceLevel: z.int(), methods: z.array(z.string()) },
    }),
  ),
  links: z
    .array(
      z.strictObject({
        ...{ id, purpose: z.string(), email: z.string(), createdAt: time, expiresAt: time, usedAt: maybeTime },
      }),
    )
    .describe('Links that were mailed, without their secrets.'),
  queuedMails: z
    .array(
      z.strictObject({
        ...{ id, name: z.string(), recipient: z.string(), locale: z.string(), createdAt: time, expiresAt: time },
      }),
    )
    .describe('Mails that wait to be sent.'),
  formerEmails: z
    .array(z.strictObject({ id, email: z.string(), changedAt: time, expiresAt: time }))
    .describe('Addresses that the account had, while the link that was mailed to them restores them.'),
  knownDevices: z
    .array(
      z.strictObject({
        ...{
          id,
          network: z.string(),
          sessionId: id.nullable(),
          isKnown: z.boolean(),
          createdAt: time,
          lastSeenAt: time,
        },
      }),
    )
    .describe('Where the account has logged in from: a login from elsewhere is reported by mail.'),
  authenticatorApps: z.array(
    z.strictObject({ id, name: z.string(), createdAt: time, confirmedAt: maybeTime, lastUsedAt: maybeTime }),
  ),
  passkeys: z.array(
    z.strictObject({
      ...{ id, name: z.string(), credentialId: z.string(), publicKey: z.string(), signCount: z.string() },
      ...{ transports: z.array(z.string()), aaguid: maybeText, discoverable: z.boolean() },
      ...{ backupEligible: z.boolean(), backedUp: z.boolean(), createdAt: time, lastUsedAt: maybeTime },
    }),
  ),
  secondFactorRemoval: z
    .strictObject({ requestedAt: time, dueAt: time })
    .nullable()
    .describe('When operators will remove the second factors.'),
  recoveryCodes: z.array(z.strictObject({ createdAt: time, usedAt: maybeTime })),
  securityEvents: z
    .array(
      z.strictObject({
        ...{
          id,
          type: z.string(),
          byOperator: z.boolean(),
          ipAddress: maybeText,
          userAgent: maybeText,
          createdAt: time,
        },
      }),
    )
    .describe('Newest first.'),
  olderSecurityEvents: z.boolean().describe('True if there are more, which User.securityEvents has.'),
})
export type AccountExport = z.infer<typeof ACCOUNT_EXPORT>

/** The export of a stored account, as JSON has it. */
export function toAccountExport(stored: StoredAccount, { now, maxEvents }: { now: Date; maxEvents: number }) {
  const { registrations, sessions, oneTimeTokens, mails, formerEmails, knownDevices, totpFactors, ...rest } = stored
  const { passkeys, recoveryCodes, auditEvents, secondFactorRemoval, pendingUntil, profile, ...account } = rest
  const base64url = (bytes: Uint8Array) => Buffer.from(bytes).toString('base64url')
  const securityEvents = auditEvents.slice(0, maxEvents).map(({ actorKind, ipAddress, userAgent, ...event }) => {
    const byOperator = actorKind !== 'user' // who is no client of the account
    return { ...event, byOperator, ...(byOperator ? { ipAddress: null, userAgent: null } : { ipAddress, userAgent }) }
  })
  const parts = {
    ...{ version: 1, exportedAt: now },
    account: { ...account, pendingEmailExpiresAt: pendingUntil },
    profile,
    registrations,
    sessions: sessions.map(({ aal, amr, ...session }) => ({ ...session, assuranceLevel: aal, methods: amr })),
    ...{ links: oneTimeTokens, queuedMails: mails, formerEmails, knownDevices, authenticatorApps: totpFactors },
    passkeys: passkeys.map(({ credentialId, publicKey, signCount, ...passkey }) => ({
      ...passkey,
      ...{ credentialId: base64url(credentialId), publicKey: base64url(publicKey), signCount: String(signCount) },
    })),
    secondFactorRemoval,
    ...{ recoveryCodes, securityEvents, olderSecurityEvents: auditEvents.length > maxEvents },
  }
  return JSON.parse(JSON.stringify(parts)) as AccountExport // dates as RFC 3339
}
