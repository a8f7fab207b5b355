import { resolve } from 'node:path'
import type { Environment } from './env'
import { isIpLiteral, smtpNameOf } from './values'

/** How mails are sent and what they are rendered from. */
export function mails(env: Environment, publicUrl: string) {
  return {
    smtpUrl: env.SMTP_URL ?? null,
    smtpName: env.SMTP_NAME ?? smtpNameOf(new URL(publicUrl)),
    mailFrom: env.MAIL_FROM ?? `${env.APP_NAME} <no-reply@${senderDomain(publicUrl)}>`,
    replyTo: env.REPLY_TO ?? null,
    mailTemplatesDir: env.MAIL_TEMPLATES_DIR === undefined ? null : resolve(env.MAIL_TEMPLATES_DIR),
  }
}

/** What codes by mail are for, and what they are like. */
export function mailedCodes(env: Environment, publicUrl: string) {
  return {
    loginCode: env.LOGIN_CODE,
    signUpByCode: env.SIGN_UP_BY_CODE,
    loginCodeUrl: env.LOGIN_CODE_URL ?? `${publicUrl}/login-code#code={code}`,
    loginCodeTtl: env.LOGIN_CODE_TTL,
    loginCodeInSubject: env.LOGIN_CODE_IN_SUBJECT,
  }
}

/** Mail servers reject an IP address as the sender's domain. In development `localhost` replaces it. */
function senderDomain(publicUrl: string): string {
  const { hostname } = new URL(publicUrl)
  return isIpLiteral(hostname) ? 'localhost' : hostname
}
