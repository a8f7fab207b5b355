#!/usr/bin/env node
import './config/runtime'
import { EXIT, reportFailure } from './commands/failure'

const USAGE = `Usage: gatehouse <command>

  serve [--no-worker]              starts the server; without deliveries and periodic work if a worker does them
  worker                           mails, webhooks, purge and key rotation in a process of their own
  migrate [--grant-to ROLE]        applies pending migrations; then gives a role of the database what a server needs
  keys list                        the signing keys and what each is for, and the keys of other services
  keys rotate                      the next signing key signs from now on
  keys create NAME --scopes LIST   a key for another service; prints it, this once; --days N, --from ADDRESSES
  keys revoke ID                   refuses a service key from now on
  users find [BEGINNING]           accounts, the newest first, whose address begins so; --unverified, --disabled,
                                   --first N, --after CURSOR, --json
  users create ADDRESS             an account without a password; a mail invites its owner to choose one;
                                   --name NAME, --locale TAG, --roles LIST
  users delete ADDRESS --yes       deletes an account for good; its owner is notified
  audit tail [ADDRESS]             the newest audit events, of one account if given; --type TYPE, --last N, --json,
                                   --follow
  users import [--dry-run] [--json] [--firebase PARAMETERS] [FILE]  users from JSON lines, of FILE or standard input
  users export [FILE]              every account as a line that users import takes, with its password hash
  users show ADDRESS               an account with its sessions and factors, as JSON
  users disable ADDRESS            ends its sessions, and no login succeeds until \`users enable\`; --reason TEXT
  users enable ADDRESS             lets it log in again
  users verify ADDRESS             verifies its address on your word
  users reset ADDRESS              mails its owner a link that sets a new password
  operators add ADDRESS            lets it use the operator API, with two factors
  operators remove ADDRESS         takes that away, at once
  sessions end ADDRESS             ends its sessions
  sessions end --all --confirm N   ends the sessions of all N accounts
  roles set ADDRESS [ROLES]        replaces its roles; --end-sessions makes them count at once
  claims set ADDRESS JSON          replaces its claims; --end-sessions makes them count at once
  mail test ADDRESS                sends one mail, to prove the configuration
  mail preview [NAME]              renders each mail, or one, with sample values into files; --locale TAG, --out FOLDER
  mail templates [FOLDER]          writes the texts and templates of the mails, to change some in MAIL_TEMPLATES_DIR
  webhooks list                    the endpoints of webhooks
  webhooks add URL [--events LIST] [--include LIST]  an endpoint; prints its id and its secret, this once
  webhooks remove ID               deletes an endpoint and its deliveries
  webhooks enable ID               its deliveries go on
  webhooks disable ID              nothing is written or sent for it any more
  webhooks rotate ID               another secret; both sign for a day
  webhooks test ID                 sends one event, to prove the endpoint
  webhooks deliveries ID           the newest deliveries of an endpoint
  webhooks replay ID [--since DURATION]  repeats a delivery; or those of an endpoint that were given up
  doctor [--json] [--dkim SELECTOR] [--dns SERVER]  checks the configuration and all that it names, and says what to do
  config                           the resolved configuration, secrets masked

Configuration is read from the environment: docs/reference/environment.md lists every variable.`

/** Loads the code of the one command only: `gatehouse config` answers in a quarter of the time. */
async function run([command, ...rest]: string[]): Promise<number> {
  switch ([command, rest[0]].join(' ').trim()) {
    case 'serve':
      return (await import('./commands/serve')).serve('both')
    case 'serve --no-worker':
      return (await import('./commands/serve')).serve('web')
    case 'worker':
      return (await import('./commands/serve')).serve('worker')
    case 'config':
      return (await import('./commands/config')).printConfig()
    case 'keys list':
    case 'keys rotate':
      return (await import('./commands/keys')).keys(rest[0] === 'rotate' ? 'rotate' : 'list')
    case 'users find':
      return (await (await import('./commands/usersFind')).findUsers(rest.slice(1))) ?? usage()
    case 'users import':
      return (await (await import('./commands/usersImport')).importUsers(rest.slice(1))) ?? usage()
    case 'users export':
      return (await (await import('./commands/usersExport')).exportUsers(rest.slice(1))) ?? usage()
    case 'users delete':
      return (await (await import('./commands/usersDelete')).deleteUserOf(rest.slice(1))) ?? usage()
    case 'users create':
      return (await (await import('./commands/usersCreate')).createUserOf(rest.slice(1))) ?? usage()
    case 'users disable':
      return (await (await import('./commands/users')).disable(rest.slice(1))) ?? usage()
    case 'sessions end':
      return (await (await import('./commands/sessionsEnd')).endSessionsOf(rest.slice(1))) ?? usage()
    case 'keys create':
      return (await (await import('./commands/serviceKeys')).createKey(rest.slice(1))) ?? usage()
    case 'audit tail':
      return (await (await import('./commands/auditTail')).auditTail(rest.slice(1))) ?? usage()
    case 'mail preview':
      return (await (await import('./commands/mailPreview')).mailPreview(rest.slice(1))) ?? usage()
    case 'mail templates':
      return (await (await import('./commands/mailTemplates')).mailTemplates(rest.slice(1))) ?? usage()
    case 'help':
    case '--help':
      console.log(USAGE)
      return EXIT.ok
  }
  if (command === 'mail' && rest[0] === 'test' && rest[1] !== undefined)
    return (await import('./commands/mailTest')).mailTest(rest[1])
  if (command === 'keys' && rest[0] === 'revoke' && rest[1] !== undefined)
    return (await import('./commands/serviceKeys')).revokeKey(rest[1])
  if (command === 'migrate') return (await (await import('./commands/migrate')).migrate(rest)) ?? usage()
  if (command === 'doctor') return (await (await import('./commands/doctor')).doctor(rest)) ?? usage()
  if (command === 'webhooks') return (await (await import('./commands/webhooks')).webhooks(rest)) ?? usage()
  return (await runOnAccount(command, rest)) ?? usage()
}

function usage(): number {
  console.error(USAGE)
  return EXIT.failed
}

const END_SESSIONS = '--end-sessions'

/** Commands about one account, named by its address. Null: it is none of these. */
async function runOnAccount(command: string | undefined, words: string[]): Promise<number | null> {
  const [action, address, ...values] = words.filter((word) => word !== END_SESSIONS)
  if (action === undefined || address === undefined) return null
  const options = { endSessions: words.includes(END_SESSIONS) }
  const users = await import('./commands/users')
  switch (`${command ?? ''} ${action}`) {
    case 'users show':
      return users.showUser(address)
    case 'users enable':
      return users.enable(address)
    case 'users verify':
      return users.verify(address)
    case 'users reset':
      return users.reset(address)
    case 'operators add':
    case 'operators remove':
      return users.makeOperator(address, action === 'add')
    case 'roles set':
      return users.replaceRoles(address, values, options)
    case 'claims set':
      return values.length === 1 ? users.replaceClaims(address, values[0] ?? '', options) : null
    default:
      return null
  }
}

const args = process.argv.slice(2)
run(args).then(
  (code) => process.exit(code),
  (error: unknown) => process.exit(reportFailure(error, args[0] ?? '')),
)
