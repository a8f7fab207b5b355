import type { Config } from '../config/config'

/** What a newcomer wants to know at the first start: where everything is. */
export function banner({ publicUrl, appName, sandbox, smtpUrl }: Config): string {
  const lines = [
    ['GraphQL', `${publicUrl}/graphql${sandbox ? '   (Apollo Sandbox in a browser)' : ''}`],
    ...(smtpUrl === null ? [['Mails', `${publicUrl}/dev/inbox`]] : []),
    ['REST', `${publicUrl}/api/auth/...`],
    ['Keys', `${publicUrl}/.well-known/jwks.json`],
    ['Health', `${publicUrl}/health/ready`],
    ['Metrics', `${publicUrl}/metrics`],
  ]
  const rows = lines.map(([name = '', address = '']) => `  ${name.padEnd(9)}${address}`)
  return [``, `${appName} is ready.`, ``, ...rows, ``, `  Ctrl+C stops it. README.md has a first session.`, ``].join(
    '\n',
  )
}
