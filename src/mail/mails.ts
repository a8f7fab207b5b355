import { z } from 'zod'

/** Where a button or a link of a mail leads. Deep links of apps are welcome; what a mail program would run is not. */
const link = z.string().refine(isSafeLink, 'an absolute URL that a mail program opens safely')

/** A name that its owner chose, as it was typed: rendering makes it harmless. */
const displayName = z.string().nullable()

/** Milliseconds that the link lives from the moment it was made. */
const expiresIn = z.number().int().positive()

/** A mail that proves an address greets without a name: whoever gave one need not be the owner of the mailbox. */
const provingMail = z.object({ link, expiresIn })
const notice = z.object({ displayName, at: z.date() })
const sampleName = 'Ada Lovelace'
const sampleAt = new Date('2026-11-22T10:15:00Z')

/**
 * Every mail that is sent: what it needs to know, and a sample of it for previews and tests. Each has a template of
 * its name in emails/ and its texts under `mails` in every catalogue.
 */
export const MAILS = {
  verifyEmail: { payload: provingMail, sample: sampleLink('verify-email', 24 * 3_600_000) },
  alreadyRegistered: {
    /** `resetLink` leads to the page that asks for a reset mail; it carries no token. */
    payload: z.object({ displayName, resetLink: link }),
    sample: { displayName: sampleName, resetLink: 'https://auth.example.com/reset-password' },
  },
  resetPassword: {
    payload: z.object({ displayName, link, expiresIn }),
    sample: { displayName: sampleName, ...sampleLink('reset-password', 3_600_000) },
  },
  passwordChanged: { payload: notice, sample: { displayName: sampleName, at: sampleAt } },
  sessionEnded: { payload: notice, sample: { displayName: sampleName, at: sampleAt } },
  confirmEmailChange: { payload: provingMail, sample: sampleLink('confirm-email-change', 24 * 3_600_000) },
  emailChangeRequested: { payload: notice, sample: { displayName: sampleName, at: sampleAt } },
  emailChanged: { payload: notice, sample: { displayName: sampleName, at: sampleAt } },
  accountDeleted: { payload: notice, sample: { displayName: null, at: sampleAt } },
} as const

export type MailName = keyof typeof MAILS
export type MailPayload<Name extends MailName> = z.infer<(typeof MAILS)[Name]['payload']>
export const MAIL_NAMES = Object.keys(MAILS) as MailName[]

/** True for an absolute URL in one piece whose scheme runs nothing when it is opened. */
export function isSafeLink(text: string): boolean {
  if (/[\s\p{Cc}]/u.test(text) || !URL.canParse(text)) return false
  return !['javascript:', 'data:', 'vbscript:', 'file:', 'blob:', 'about:'].includes(new URL(text).protocol)
}

function sampleLink(page: string, life: number) {
  const token = 'b0dT4Yx2mJq7cVhN9eLkR3sWfZ1uGpAo8iXyQtMnBvE'
  return { link: `https://auth.example.com/${page}#token=${token}`, expiresIn: life }
}
