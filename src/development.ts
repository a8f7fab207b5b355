import type { Config } from './config/config'
import type { EmbeddedPostgres } from './dev/embeddedPostgres'
import type { Inbox } from './dev/inbox/store'
import type { MailTransport, Sender } from './mail/smtpTransport'
import type { Logger } from './ops/logger'

/** Development's database, secret, inbox and banner. The imports are dynamic, so that production never loads src/dev. */

export async function startDevelopmentDatabase({ dataDir }: Config, logger: Logger): Promise<EmbeddedPostgres> {
  const { startEmbeddedPostgres } = await import('./dev/embeddedPostgres')
  return startEmbeddedPostgres({ dataDir, logger })
}

export async function developmentSecret({ dataDir }: Config): Promise<string> {
  const { readDevelopmentSecret } = await import('./dev/secret')
  return readDevelopmentSecret(dataDir)
}

export async function openInbox(config: Config): Promise<Inbox> {
  const { createInbox } = await import('./dev/inbox/store')
  const { inboxFolder } = await import('./dev/inbox/folder')
  return createInbox(inboxFolder(config))
}

export async function inboxTransport(inbox: Inbox, sender: Sender): Promise<MailTransport> {
  const { createInboxTransport } = await import('./dev/inbox/transport')
  return createInboxTransport(inbox, sender)
}

export async function printBanner(config: Config): Promise<void> {
  const { banner } = await import('./dev/banner')
  console.log(banner(config, await firstLimits(config)))
}

/** The budgets in force of the operations that a developer repeats most. */
async function firstLimits({ rateLimits, budgets, loginCode }: Config): Promise<string[]> {
  if (!rateLimits) return ['off (RATE_LIMITS)']
  const { createSchema } = await import('./graphql/schema')
  const { budgetsOf, spellBudget } = await import('./graphql/budgets')
  const inForce = budgetsOf(createSchema({ development: true, loginCode, budgets }))
  return ['register', 'login', 'requestReset'].map((field) => {
    const spelled = (inForce.get(field) ?? []).map(spellBudget)
    return `${field} ${spelled.join(', ')}`
  })
}
