import { type Finding, findingsOf } from './finding'
import type { Config } from '../../config/config'
import { isLoopback } from '../../config/values'
import { deriveSecrets } from '../../crypto/secrets'
import { openSigningKey } from '../../crypto/signingKey'
import { describeDatabaseError } from '../../ops/readiness'
import { readDatabaseUrl } from '../../store/connection'
import { type Database, openDatabase } from '../../store/database'
import { createInspector } from '../../store/inspection'
import { pendingMigrations } from '../../store/migrations'
import { queueState } from '../../store/outbox'
import { type ServerFacts, readServerFacts } from '../../store/serverFacts'
import { databaseNow, listSigningKeys } from '../../store/signingKeys'

const { ok, warn, fail } = findingsOf('database')
/** PostgreSQL 13, the oldest that is supported. */
const OLDEST_VERSION = 130_000
/** Milliseconds that clocks may differ: tokens are judged by both, with a leeway of a minute. */
const CLOCK = { warn: 2_000, fail: 30_000 }
const MAIL_WAIT = 300_000
/** A rotation that is due is done within a quarter of its period. */
const LATE = 1.5

/** The server, the role, a pooler, the clock, migrations, signing keys and the outbox. */
export async function checkDatabase(config: Config): Promise<Finding[]> {
  const { databaseUrl: url, directDatabaseUrl } = config
  if (url === null) return [ok('the embedded one, for development')]
  const database = openDatabase({ url, poolSize: 2, onIdleError: () => undefined })
  try {
    const target = readDatabaseUrl(url)
    const inspector = createInspector({ pool: database.pool, target, hasDirectUrl: directDatabaseUrl !== url })
    const problem = await inspector.check()
    const facts = await readServerFacts(database.pool)
    const server = [...aboutServer(facts, config, String(target.client.host)), aboutClock(facts)]
    if (problem !== null) return [...server, fail(problem, SETUPS)]
    const pending = await pendingMigrations(database.pool)
    if (pending.length > 0) {
      return [
        ...server,
        fail(`${pending.length} migrations are pending`, 'run gatehouse migrate, as the owner of the tables'),
      ]
    }
    const session = ok('sessions are as they must be, no pooler in the way')
    return [...server, session, ...(await aboutKeys(database, config)), await aboutMails(database)]
  } catch (error) {
    return [fail(describeDatabaseError(error), 'see DATABASE_URL, the network and the log of the database')]
  } finally {
    await database.close().catch(() => undefined)
  }
}

const SETUPS = 'see docs/operations.md, A database role without ownership, and Poolers, schemas and failover'

function aboutServer(facts: ServerFacts, { databasePool, production }: Config, host: string): Finding[] {
  const { version, superuser, owner, encrypted, max_connections: most } = facts
  const name = `PostgreSQL ${Math.floor(version / 10_000)}.${version % 10_000}`
  const findings = [version >= OLDEST_VERSION ? ok(name) : fail(name, 'PostgreSQL 13 or later is needed')]
  if (superuser || owner) {
    const found = superuser ? 'the role is a superuser' : 'the role owns the tables'
    findings.push(
      warn(found, 'serve with a role that owns nothing: docs/operations.md, A database role without ownership'),
    )
  }
  if (!encrypted && production && !host.startsWith('/') && !isLoopback(host)) {
    findings.push(warn('the connection is not encrypted', 'add ?sslmode=verify-full to DATABASE_URL'))
  }
  if (databasePool + 1 > most / 2) {
    const advice = 'with two instances during an upgrade none is left: raise max_connections or lower DATABASE_POOL'
    findings.push(warn(`an instance takes ${databasePool + 1} of ${most} connections`, advice))
  }
  return findings
}

function aboutClock({ now }: ServerFacts): Finding {
  const difference = Math.abs(Date.now() - now.getTime())
  const found = `clocks differ by ${(difference / 1000).toFixed(1)} s`
  const advice = 'run NTP (chrony, systemd-timesyncd) here and at the database'
  if (difference > CLOCK.fail) return fail(found, advice)
  return difference > CLOCK.warn ? warn(found, advice) : ok(found)
}

async function aboutKeys({ prisma }: Database, config: Config): Promise<Finding[]> {
  const now = await databaseNow(prisma)
  const keys = await listSigningKeys(prisma, now)
  if (keys.length === 0) return [ok('no signing keys yet: the first start makes them')]
  const { secret, secretPrevious, signingKeyRotation } = config
  if (secret !== null) {
    const secrets = deriveSecrets(secret, secretPrevious)
    if (keys.some((key) => openSigningKey(secrets, key) === null)) {
      return [
        fail(
          'SECRET does not open the signing keys',
          'give the SECRET they were made under, or name it as SECRET_PREVIOUS',
        ),
      ]
    }
  }
  const signing = keys.filter((key) => key.verifiesUntil === null && key.signsFrom <= now).at(-1)
  const age = signing ? now.getTime() - signing.signsFrom.getTime() : 0
  const found = `the signing key is ${Math.floor(age / 86_400_000)} days old`
  const late = age > signingKeyRotation * LATE
  return [
    late ? warn(found, 'rotation is late: gatehouse worker, or a server without --no-worker, must run') : ok(found),
  ]
}

async function aboutMails({ prisma }: Database): Promise<Finding> {
  const { waiting, oldestAge } = await queueState(prisma, new Date())
  const found = `${waiting} mails wait, the oldest for ${Math.round(oldestAge / 1000)} s`
  const advice = 'see the check of smtp; gatehouse worker, or a server without --no-worker, must run'
  return oldestAge > MAIL_WAIT ? warn(found, advice) : ok(found)
}
