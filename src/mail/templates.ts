import { z } from 'zod'

/** The target of a button or link. Deep links of apps are allowed, schemes that execute something are not. */
const link = z.string().refine(isSafeLink, 'an absolute URL that a mail program opens safely')

/** Unchanged user input: rendering sanitizes it. */
const displayName = z.string().nullable()

/** Milliseconds from the creation of the mail's row until its link expires. */
const expiresIn = z.number().int().positive()

/** No name: whoever entered it need not own the mailbox. */
const verification = z.object({ link, expiresIn })
const notice = z.object({ displayName, at: z.date() })
/** A change of the account, with the client that made it as far as it is known. */
const change = notice.extend({ device: z.string().nullable(), ipAddress: z.string().nullable() })
const sampleName = 'Ada Lovelace'
const sampleAddress = 'ada@example.com'
const sampleAt = new Date('2026-11-22T10:15:00Z')

/**
 * Every mail: the schema of its payload, and a sample for previews and tests. Its markup is emails/<name>.mjml and .txt,
 * its texts are under `mails` in every catalogue.
 */
export const TEMPLATES = {
  verifyEmail: {
    /** Without a code where it would have expired before the mail was sent. */
    payload: verification.extend({ code: z.string().optional(), codeExpiresIn: expiresIn.optional() }),
    sample: { ...sampleLink('verify-email', 24 * 3_600_000), code: '12345678', codeExpiresIn: 600_000 },
  },
  loginCode: {
    /** `device` names what asked for the code; null if that is unknown. */
    payload: notice.extend({
      ...{ link, expiresIn, code: z.string(), inSubject: z.boolean() },
      device: z.string().nullable(),
    }),
    sample: {
      ...{ displayName: sampleName, link: 'https://auth.example.com/login-code#code=12345678' },
      ...{ expiresIn: 600_000, code: '12345678', inSubject: false, at: sampleAt, device: 'Firefox · Windows' },
    },
  },
  alreadyRegistered: {
    /** `resetLink` opens the page that requests a reset mail; it carries no token. */
    payload: z.object({ displayName, resetLink: link }),
    sample: { displayName: sampleName, resetLink: 'https://auth.example.com/reset-password' },
  },
  resetPassword: {
    payload: z.object({ displayName, link, expiresIn }),
    sample: { displayName: sampleName, ...sampleLink('reset-password', 3_600_000) },
  },
  invitation: {
    payload: z.object({ displayName, link, expiresIn }),
    sample: { displayName: sampleName, ...sampleLink('reset-password', 604_800_000) },
  },
  passwordChanged: {
    payload: change.extend({ account: z.string() }),
    sample: { ...sampleChange(), account: sampleAddress },
  },
  newDeviceLogin: {
    payload: notice.extend({ link, expiresIn, device: z.string().nullable(), ipAddress: z.string().nullable() }),
    sample: {
      ...{ displayName: sampleName, at: sampleAt, ...sampleLink('reject-login', 604_800_000) },
      ...{ device: 'Firefox · Windows', ipAddress: '203.0.113.7' },
    },
  },
  /** The device is the one that the session was on. */
  sessionEnded: {
    payload: change.extend({ account: z.string() }),
    sample: { ...sampleChange(), account: sampleAddress },
  },
  confirmEmailChange: { payload: verification, sample: sampleLink('confirm-email-change', 24 * 3_600_000) },
  emailChangeRequested: { payload: notice, sample: { displayName: sampleName, at: sampleAt } },
  emailChanged: {
    /** Without the new address where the mail goes to another one. */
    payload: change.extend({ newAddress: z.string().nullable() }),
    sample: { ...sampleChange(), newAddress: sampleAddress },
  },
  undoEmailChange: {
    payload: notice.extend({ link, expiresIn }),
    sample: { displayName: sampleName, at: sampleAt, ...sampleLink('undo-email-change', 604_800_000) },
  },
  emailChangeUndone: { payload: notice, sample: { displayName: sampleName, at: sampleAt } },
  secondFactorAdded: { payload: notice, sample: { displayName: sampleName, at: sampleAt } },
  secondFactorRemovalPlanned: { payload: notice, sample: { displayName: sampleName, at: sampleAt } },
  secondFactorRemoved: { payload: notice, sample: { displayName: sampleName, at: sampleAt } },
  passkeyAdded: { payload: notice, sample: { displayName: sampleName, at: sampleAt } },
  passkeyRemoved: { payload: notice, sample: { displayName: sampleName, at: sampleAt } },
  passkeyCloned: { payload: notice, sample: { displayName: sampleName, at: sampleAt } },
  webhookEndpointDisabled: { payload: notice, sample: { displayName: sampleName, at: sampleAt } },
  recoveryCodeUsed: { payload: notice, sample: { displayName: sampleName, at: sampleAt } },
  recoveryCodesLow: { payload: notice, sample: { displayName: sampleName, at: sampleAt } },
  recoveryCodesRenewed: { payload: notice, sample: { displayName: sampleName, at: sampleAt } },
  secondFactorGuessed: {
    payload: notice.extend({ resetLink: link }),
    sample: { displayName: sampleName, at: sampleAt, resetLink: 'https://auth.example.com/reset-password' },
  },
  accountDeleted: { payload: notice, sample: { displayName: null, at: sampleAt } },
} as const

export type MailName = keyof typeof TEMPLATES
export type MailPayload<Name extends MailName> = z.infer<(typeof TEMPLATES)[Name]['payload']>
export const MAIL_NAMES = Object.keys(TEMPLATES) as MailName[]

/** The sample without the values that a mail of this name may lack. */
export function leastSample<Name extends MailName>(name: Name): MailPayload<Name> {
  const fields: Record<string, z.ZodType> = TEMPLATES[name].payload.shape
  const least = Object.entries(TEMPLATES[name].sample).map(([key, value]) => {
    const absent = [undefined, null].find((nothing) => fields[key]?.safeParse(nothing).success)
    return [key, fields[key]?.safeParse(absent).success ? absent : value]
  })
  return Object.fromEntries(least) as MailPayload<Name>
}

/** True for an absolute URL without whitespace whose scheme executes nothing when it is opened. */
export function isSafeLink(text: string): boolean {
  if (/[\s\p{Cc}]/u.test(text) || !URL.canParse(text)) return false
  return !['javascript:', 'data:', 'vbscript:', 'file:', 'blob:', 'about:'].includes(new URL(text).protocol)
}

function sampleChange() {
  return { displayName: sampleName, at: sampleAt, device: 'Firefox · Windows', ipAddress: '203.0.113.7' }
}

function sampleLink(page: string, expiresIn: number) {
  const token = 'b0dT4Yx2mJq7cVhN9eLkR3sWfZ1uGpAo8iXyQtMnBvE'
  return { link: `https://auth.example.com/${page}#token=${token}`, expiresIn }
}
