import type { Config } from '../config/config'
import { isReachable } from '../config/rules'

/** Printed at start in development: the URLs of this server, and the rate limits that its developer meets first. */
export function banner(config: Config, limits: readonly string[]): string {
  const { publicUrl, appName, sandbox, smtpUrl, devTools, metricsToken } = config
  const lines = [
    ...(config.hostedPages ? [['Account', `${publicUrl}/account`]] : []),
    ['GraphQL', `${publicUrl}/graphql${sandbox ? '   (Apollo Sandbox in a browser)' : ''}`],
    ...(devTools && smtpUrl === null ? [['Mails', `${publicUrl}/dev/inbox`]] : []),
    ...operatorLine(config),
    ['REST', `${publicUrl}/api/auth/...`],
    ['Keys', `${publicUrl}/.well-known/jwks.json`],
    ['Health', `${publicUrl}/health/ready`],
    ...(devTools || metricsToken !== null ? [['Metrics', `${publicUrl}/metrics`]] : []),
    ...limits.map((limit, at) => [at === 0 ? 'Limits' : '', limit]),
  ]
  const rows = lines.map(([name = '', address = '']) => `  ${name.padEnd(11)}${address}`)
  const notes = [
    ...devToolsNotes(config),
    'Ctrl+C stops it. README.md has a first session; docs/reference/graphql.md has every rate limit.',
  ]
  return ['', `${appName} is ready.`, '', ...rows, '', ...notes.map((note) => `  ${note}`), ''].join('\n')
}

function operatorLine({ operatorApi, operatorPort, publicUrl }: Config): string[][] {
  if (!operatorApi) return []
  const address = new URL('/operator/graphql', publicUrl)
  if (operatorPort !== null) address.port = String(operatorPort)
  return [['Operators', address.href]]
}

/** Warns if other machines can reach the development tools. */
function devToolsNotes({ devTools, host, publicUrl }: Config): string[] {
  if (!devTools) return ['Development tools are off. NODE_ENV is not production: do not serve people like this.']
  if (!isReachable({ host, publicUrl })) return []
  return [
    `DEV_TOOLS=on: HOST (${host}) or PUBLIC_URL (${publicUrl}) is not loopback,`,
    'and everybody who reaches the server reads every mail, its links, and the metrics.',
  ]
}
