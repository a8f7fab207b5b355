/** Where in a session an attempt failed. `session`: the connection broke at an unknown command. */
export type SmtpStep = 'connect' | 'greeting' | 'TLS' | 'auth' | 'envelope' | 'data' | 'session'

/** A failed attempt, without the server's reply, which may repeat the recipient's address. */
export interface SmtpFailure {
  /** `refused`: the server rejects this mail permanently. `retry`: a later attempt may succeed. */
  outcome: 'refused' | 'retry'
  /** Whether the cause may be the server or the connection and not this mail. */
  connectionProblem: boolean
  /** A label of few values: `smtp_550`, `etimedout`. */
  reason: string
  step: SmtpStep
  /** For people; from a fixed list. */
  cause: string
}

/** Replies to these commands concern one mail. MAIL FROM is not among them: the sender is the operator's setting. */
const MAIL_COMMANDS = ['RCPT TO', 'DATA']

/** Authentication or encryption required, credentials rejected (RFC 4954 §6): wrong settings, in reply to any command. */
const SETTINGS_REPLIES = [530, 534, 535, 538]

const CAUSES: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'nothing listens at this port',
  ENOTFOUND: 'the host name has no address',
  EAI_AGAIN: 'the name server did not answer',
  EHOSTUNREACH: 'there is no route to the host',
  ENETUNREACH: 'there is no route to the network',
  ECONNRESET: 'the server broke the connection',
  ECONNECTION: 'the server ended the connection',
  EPIPE: 'the server broke the connection',
  EAUTH: 'the server refused the user or the password, or offers no way to log in',
  CONNECT_TIMEOUT: 'the host did not answer in time',
  GREETING_TIMEOUT: 'the server was reached and sent no greeting in time',
  UPGRADE_TIMEOUT: 'TLS was not established in time',
  SOCKET_TIMEOUT: 'the server stopped answering',
}

/** With STARTTLS a TLS error has no code, only a message of OpenSSL or Node. */
const TLS_CAUSES: readonly (readonly [RegExp, string])[] = [
  [/self.signed/i, 'the certificate is self-signed'],
  [/has expired/i, 'the certificate has expired'],
  [/altnames/i, 'the certificate is for another host name'],
  [/unable to (?:get|verify)/i, 'the certificate comes from an authority that is not known here'],
  [/wrong version|packet length/i, 'the server does not speak TLS at this port: smtps:// is for 465, smtp:// for 587'],
  [/upgrading connection with STARTTLS/i, 'the server offers no STARTTLS'],
]

/** Classifies an error of nodemailer: a permanent reply (5yz, RFC 5321 §4.2.1) about the mail rejects it, the rest is retried. */
export function smtpFailure(error: unknown): SmtpFailure {
  const details = detailsOf(error)
  const { code, responseCode, command } = details
  const concernsMail = responseCode !== null && MAIL_COMMANDS.includes(command)
  // 503 concerns the state of the session, not the mail.
  const permanent = responseCode !== null && responseCode >= 500 && responseCode !== 503
  const refused = concernsMail && permanent && !SETTINGS_REPLIES.includes(responseCode)
  return {
    outcome: refused ? 'refused' : 'retry',
    connectionProblem: !concernsMail || responseCode === 421,
    reason: responseCode === null ? (code ?? 'unknown').toLowerCase() : `smtp_${responseCode}`,
    step: stepOf(details),
    cause: causeOf(details),
  }
}

type Details = ReturnType<typeof detailsOf>

function stepOf({ code, command, isTls, message }: Details): SmtpStep {
  if (isTls || code === 'UPGRADE_TIMEOUT') return 'TLS'
  if (command === 'CONNECT' || code === 'EDNS') return 'connect'
  if (code === 'GREETING_TIMEOUT' || /greeting/i.test(message) || /^(?:EHLO|HELO|LHLO)/.test(command)) return 'greeting'
  if (command.startsWith('AUTH') || code === 'EAUTH') return 'auth'
  if (command === 'MAIL FROM' || command === 'RCPT TO' || code === 'EENVELOPE') return 'envelope'
  return command === 'DATA' ? 'data' : 'session'
}

function causeOf({ code, responseCode, isTls, message }: Details): string {
  if (isTls) return TLS_CAUSES.find(([pattern]) => pattern.test(message))?.[1] ?? 'TLS could not be established'
  if (responseCode !== null) return `the server answered ${responseCode}`
  return CAUSES[code ?? ''] ?? 'the attempt failed'
}

function detailsOf(error: unknown) {
  const { code, originalCode, timeoutType, responseCode, command, message } = Object(error) as Record<string, unknown>
  // The most specific code: ECONNREFUSED rather than ESOCKET, GREETING_TIMEOUT rather than ETIMEDOUT.
  const exact = [timeoutType, originalCode, code].find((value) => typeof value === 'string')
  return {
    code: typeof exact === 'string' ? exact : null,
    responseCode: typeof responseCode === 'number' ? responseCode : null,
    command: typeof command === 'string' ? command : '',
    message: typeof message === 'string' ? message : '',
    isTls: code === 'ETLS' || (typeof responseCode !== 'number' && /certificate|\bTLS\b|\bSSL\b/.test(String(message))),
  }
}
