import type { Transaction } from './database'

/** What the outbox names the mails that carry a link (mail/composeMail.ts). */
const LINK_MAILS = ['verifyEmail', 'resendVerification', 'resetPassword', 'confirmEmailChange']

/**
 * Voids every link of an account, sent or still to be sent. Call with the account locked: a mail whose row is gone gets no
 * token any more (oneTimeTokens.ts). `addresses`: a reset that was asked for by address names no account.
 */
export async function voidLinks(
  tx: Transaction,
  { userId, addresses }: { userId: string; addresses: readonly string[] },
): Promise<void> {
  await tx.oneTimeToken.deleteMany({ where: { userId, usedAt: null } })
  await tx.mail.deleteMany({
    where: { name: { in: LINK_MAILS }, OR: [{ userId }, { userId: null, recipient: { in: [...addresses] } }] },
  })
}

/** Voids the link of a change of address, sent or still to be sent. Call with the account locked. */
export async function voidEmailChange(tx: Transaction, userId: string): Promise<void> {
  await tx.oneTimeToken.deleteMany({ where: { userId, purpose: 'CHANGE_EMAIL', usedAt: null } })
  await tx.mail.deleteMany({ where: { userId, name: 'confirmEmailChange' } })
}
