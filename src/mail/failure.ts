/** What is known of a failed attempt, without the address that an SMTP reply repeats. */
export interface SmtpFailure {
  /** `refused`: the server will never take this mail. `retry`: it may, later. */
  verdict: 'refused' | 'retry'
  /** Whether the failure may be the server's or the connection's rather than this mail's. */
  suspicious: boolean
  /** A label of few values: `smtp_550`, `etimedout`. */
  reason: string
  command: string | null
}

/** Replies to these tell of one mail: its recipient and its content. The sender's address is the operator's setting. */
const ABOUT_THE_MAIL = ['RCPT TO', 'DATA']

/** Authentication or encryption required, credentials refused (RFC 4954 §6): settings, whatever command they answer. */
const ABOUT_THE_SETTINGS = [530, 534, 535, 538]

/** Reads an error of nodemailer: a permanent reply (5yz, RFC 5321 §4.2.1) about the mail ends it, everything else is retried. */
export function smtpFailure(error: unknown): SmtpFailure {
  const { code, responseCode, command } = detailsOf(error)
  const aboutTheMail = responseCode !== null && command !== null && ABOUT_THE_MAIL.includes(command)
  // 503 tells of the state of the session, not of the mail.
  const permanent = responseCode !== null && responseCode >= 500 && responseCode !== 503
  const refused = aboutTheMail && permanent && !ABOUT_THE_SETTINGS.includes(responseCode)
  return {
    verdict: refused ? 'refused' : 'retry',
    suspicious: !aboutTheMail || responseCode === 421,
    reason: responseCode === null ? (code ?? 'unknown').toLowerCase() : `smtp_${responseCode}`,
    command,
  }
}

function detailsOf(error: unknown): { code: string | null; responseCode: number | null; command: string | null } {
  const { code, originalCode, responseCode, command } = (error ?? {}) as Record<string, unknown>
  return {
    // The cause where the system named one: ECONNREFUSED, or DEPTH_ZERO_SELF_SIGNED_CERT, rather than ESOCKET.
    code: typeof originalCode === 'string' ? originalCode : typeof code === 'string' ? code : null,
    responseCode: typeof responseCode === 'number' ? responseCode : null,
    command: typeof command === 'string' ? command : null,
  }
}
