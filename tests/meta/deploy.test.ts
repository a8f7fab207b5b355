import { readFileSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { parse, parseAllDocuments } from 'yaml'
import { readEnvironment, resolveConfig } from '../../src/config/config'
import { environment } from '../../src/config/env'
import { testedCode } from '../support/documents'

const ROOT = join(__dirname, '../..')
const read = (path: string) => readFileSync(join(ROOT, path), 'utf8')

type Variables = Record<string, string>
/** What docs/how-to tells to keep secret. */
const SECRETS = {
  DATABASE_URL: 'postgresql://gatehouse_app:password@database.example.com/gatehouse?sslmode=verify-full',
  SECRET: 'b'.repeat(44),
  SMTP_URL: 'smtps://user:password@mail.example.com',
}

/** The configuration of a server in production. Throws if a variable is unknown, or has a value that is refused. */
function served(variables: Variables) {
  expect(Object.keys(variables).filter((name) => !(name in environment.shape))).toEqual([])
  return resolveConfig(readEnvironment({ NODE_ENV: 'production', ...variables }))
}

/** Milliseconds that a server may take to end. */
function longestEnd({ shutdownDrain, shutdownGrace }: ReturnType<typeof served>): number {
  return shutdownDrain + shutdownGrace
}

describe('compose.yaml', () => {
  interface Service {
    command?: string
    build?: string
    environment?: Variables
    stop_grace_period?: string
    read_only?: boolean
    cap_drop?: string[]
  }
  const { services } = parse(read('compose.yaml'), { merge: true }) as { services: Record<string, Service> }
  const ours = Object.values(services).filter(({ build }) => build === '.')

  test('migrates, then serves and works in containers of their own', () => {
    expect(ours.map(({ command }) => command)).toEqual([
      'migrate --grant-to gatehouse_app',
      'serve --no-worker',
      'worker',
    ])
  })

  test('gives each of them variables that are accepted, a read-only root, no rights and time to end', () => {
    const asked: Variables = { PUBLIC_URL: 'https://auth.example.com', ...SECRETS, CORS_ORIGINS: '' }
    for (const service of ours) {
      const given = Object.entries(service.environment ?? {}).map(([name, value]) => [
        name,
        value.replace(/\$\{(\w+)[^}]*\}/g, (_, variable: string) => asked[variable] ?? 'password'),
      ])
      const config = served({ ...asked, ...(Object.fromEntries(given) as Variables) })
      expect(parseInt(service.stop_grace_period ?? '0') * 1_000).toBeGreaterThan(longestEnd(config))
      expect([service.read_only, service.cap_drop]).toEqual([true, ['ALL']])
    }
  })
})

describe('deploy/kubernetes', () => {
  interface Probe {
    periodSeconds: number
    failureThreshold: number
  }
  interface Container {
    image: string
    args?: string[]
    env?: { name: string }[]
    envFrom?: { configMapRef?: { name: string }; secretRef?: { name: string } }[]
    securityContext: unknown
    readinessProbe: Probe
  }
  interface Pod {
    metadata: { labels: Variables }
    spec: {
      containers: Container[]
      initContainers?: Container[]
      securityContext: { runAsNonRoot: boolean }
      terminationGracePeriodSeconds?: number
    }
  }
  interface Manifest {
    kind: string
    metadata: { name: string }
    data?: Variables
    spec?: { template?: Pod; selector?: Variables & { matchLabels?: Variables } }
  }
  const files = readdirSync(join(ROOT, 'deploy/kubernetes'))
  const manifests = files.flatMap((file) =>
    parseAllDocuments(read(`deploy/kubernetes/${file}`)).map((document) => document.toJS() as Manifest),
  )
  const pods = manifests.flatMap(({ spec }) => spec?.template ?? [])
  const containers = pods.flatMap(({ spec }) => [...(spec.initContainers ?? []), ...spec.containers])
  const dataOf = (wanted: string) => manifests.find(({ metadata }) => metadata.name === wanted)?.data ?? {}
  const config = served({ ...dataOf('gatehouse'), ...SECRETS })

  test('runs migrations, servers and workers', () => {
    const ours = containers.filter(({ image }) => image.includes('/gatehouse:'))
    expect(ours.map(({ args }) => args?.join(' ')).sort()).toEqual([
      ...['migrate --grant-to gatehouse_app', 'serve --no-worker', 'worker'],
    ])
    const named = ours.flatMap(({ env = [] }) => env.map(({ name }) => name))
    expect(named.filter((name) => !(name in environment.shape))).toEqual([])
  })

  test('gives no container a right or a place to write to', () => {
    for (const { securityContext } of containers)
      expect(securityContext).toEqual({
        allowPrivilegeEscalation: false,
        readOnlyRootFilesystem: true,
        capabilities: { drop: ['ALL'] },
      })
    expect(pods.map(({ spec }) => spec.securityContext.runAsNonRoot)).toEqual(pods.map(() => true))
  })

  test('selects pods that are there, and names ConfigMaps and secrets that are made', () => {
    for (const { kind, spec } of manifests) {
      if (!spec?.selector || kind === 'Deployment') continue
      const labels = spec.selector.matchLabels ?? spec.selector
      const matching = pods.filter(({ metadata }) =>
        Object.entries(labels).every(([name, value]) => metadata.labels[name] === value),
      )
      expect([kind, matching.length]).toEqual([kind, 1])
    }
    const sources = containers.flatMap(({ envFrom = [] }) => envFrom)
    const made = read('docs/how-to/production-kubernetes.md')
    for (const { configMapRef, secretRef } of sources) {
      if (configMapRef) expect(manifests.map(({ metadata }) => metadata.name)).toContain(configMapRef.name)
      if (secretRef) expect(made).toContain(`create secret generic ${secretRef.name} `)
    }
  })

  test('sends no requests to a pod by the time that it takes none, and lets it end', () => {
    const [server] = pods.filter(({ metadata }) => metadata.labels['app.kubernetes.io/component'] === 'server')
    const { periodSeconds = 0, failureThreshold = 0 } = server?.spec.containers[0]?.readinessProbe ?? {}
    expect(periodSeconds * failureThreshold * 1_000).toBeLessThan(config.shutdownDrain)
    expect((server?.spec.terminationGracePeriodSeconds ?? 0) * 1_000).toBeGreaterThan(longestEnd(config))
  })
})

test('deploy/gatehouse.service and the file beside it are accepted, and leave time to end', () => {
  const unit = read('deploy/gatehouse.service')
  const assignments = (text = '') => [...text.matchAll(/([A-Z_]+)=(\S*)/g)].map(([, name = '', value]) => [name, value])
  const inFile = testedCode('docs/how-to/production-systemd.md', 'server.env')
  expect(
    assignments(inFile)
      .map(([name]) => name)
      .sort(),
  ).toEqual([...Object.keys(SECRETS), 'PUBLIC_URL'].sort())
  const inUnit = Object.fromEntries(assignments(/^Environment=(.*)$/m.exec(unit)?.[1])) as Variables
  const config = served({ ...inUnit, ...SECRETS, PUBLIC_URL: 'https://auth.example.com' })
  expect(config.production).toBe(true)
  expect(Number(/^TimeoutStopSec=(\d+)$/m.exec(unit)?.[1]) * 1_000).toBeGreaterThan(longestEnd(config))
})

test.each(['start', 'dev'] as const)(
  'npm passes its signals on to what `npm run %s` runs until it is stopped',
  (name) => {
    const { scripts } = JSON.parse(read('package.json')) as { scripts: Record<string, string> }
    expect(scripts[name]).toMatch(/^exec /) // a shell in between would end alone, and leave the server behind
  },
)
