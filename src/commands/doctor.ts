import { checkDatabase } from './checks/database'
import { type Finding, findingsOf } from './checks/finding'
import { checkMailContent, checkSender, checkSmtp } from './checks/mail'
import { checkPublicUrl } from './checks/web'
import { optionsOf } from './optionsOf'
import { type Config, readEnvironment, resolveConfig } from '../config/config'
import { type RedisServers, redisServersOf } from '../ratelimit/redisServers'
import { pingRedis } from '../ratelimit/redisEngine'
import { isRpIdAddress } from '../services/passkeyRpId'

/** The oldest major of Node that its makers maintain. */
const MAINTAINED_NODE = 22

/**
 * Checks the configuration and all that it names, without changing anything: the database, the mail server, Redis, PUBLIC_URL as
 * users reach it, what passkeys are bound to, and the DNS of the sender. Exit code 1 if something fails. Null for unknown options. Throws a ConfigError.
 */
export async function doctor(args: string[]): Promise<number | null> {
  const given = optionsOf(args, { json: { type: 'boolean' }, dkim: { type: 'string' }, dns: { type: 'string' } })
  if (given === null || given.word !== undefined) return null
  const config = resolveConfig(readEnvironment())
  const { json, dkim: selector, dns: nameServer } = given.values
  const findings = (
    await Promise.all([
      checkDatabase(config),
      checkRedis(redisServersOf(config)),
      checkSmtp(config),
      checkMailContent(config),
      checkSender(config, { selector, nameServer }),
      checkPublicUrl(config),
    ])
  ).flat()
  findings.unshift(aboutNode(), aboutMode(config.production), aboutPasskeys(config))
  console.log(json ? JSON.stringify(findings, null, 2) : findings.map(lineOf).join('\n'))
  return findings.some(({ level }) => level === 'fail') ? 1 : 0
}

function lineOf({ check, level, found, advice }: Finding): string {
  const line = `${level.padEnd(5)}${check}: ${found}`
  return advice === undefined ? line : `${line}\n     -> ${advice}`
}

function aboutNode(): Finding {
  const { ok, warn } = findingsOf('node')
  const major = Number(process.versions.node.split('.')[0])
  if (major >= MAINTAINED_NODE) return ok(process.version)
  return warn(process.version, `it gets no security fixes any more: use Node ${MAINTAINED_NODE} or later`)
}

function aboutMode(production: boolean): Finding {
  const { ok, warn } = findingsOf('configuration')
  return production ? ok('production') : warn('development', 'NODE_ENV=production applies the strict rules')
}

function aboutPasskeys(config: Config): Finding {
  const { ok, warn } = findingsOf('passkeys')
  const { passkeyRpId: rpId } = config
  if (!isRpIdAddress(config)) return ok(`bound to ${rpId}`)
  return warn(`${rpId} is an IP address, which browsers refuse`, 'serve by a name, and set PUBLIC_URL to it')
}

async function checkRedis(servers: RedisServers | null): Promise<Finding[]> {
  if (servers === null) return []
  const { ok, fail } = findingsOf('redis')
  const problem = await pingRedis(servers)
  if (problem === null) return [ok('it counts')]
  return [fail(`it does not answer (${problem})`, 'correct REDIS_URL or REDIS_SENTINELS; meanwhile PostgreSQL counts')]
}
