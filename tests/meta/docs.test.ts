import { existsSync, readFileSync, readdirSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { Kind } from 'graphql'
import { BENCH_PARTS } from '../../bench/parts'
import { BUDGET_VARIABLES } from '../../src/config/budgets'
import * as defaults from '../../src/config/defaults'
import * as operatorDefaults from '../../src/config/operatorDefaults'
import * as webhookDefaults from '../../src/config/webhookDefaults'
import { environment } from '../../src/config/env'
import { type ErrorCode, FIELD_ERROR_CODES, REQUEST_ERRORS, USER_ERRORS, statusOf } from '../../src/errors/catalogue'
import { budgetsOf, spellBudget } from '../../src/graphql/budgets'
import { createSchema } from '../../src/graphql/schema'
import { REST_ROUTES } from '../../src/http/restTable'
import { parseDuration } from '../../src/lib/duration'
import { MAIL_NAMES } from '../../src/mail/templates'
import { createMetrics } from '../../src/ops/metrics'
import { SCOPE_OF_FIELD } from '../../src/graphql/operators/authority'
import { SERVICE_SCOPES } from '../../src/lib/serviceScopes'
import { WEBHOOK_EVENTS } from '../../src/webhooks/catalogue'
import { RETRY_DELAYS } from '../../src/webhooks/retrySchedule'
import { bare, tableOf } from '../support/documents'

const ROOT = join(__dirname, '../..')
const read = (path: string) => readFileSync(join(ROOT, path), 'utf8')
const REFERENCE = (page: string) => read(`docs/reference/${page}.md`)
const OPERATIONS = read('docs/operations.md')
const ERRORS = REFERENCE('errors')

const firstColumn = (text: string, table: string) => tableOf(text, table).map(([cell = '']) => bare(cell))
const sorted = (items: Iterable<string>) => [...items].sort()

test('docs/reference/graphql.md lists each field with its budgets and its REST route', () => {
  const schema = createSchema({ development: true, loginCode: true })
  const budgets = budgetsOf(schema)
  const fields = [schema.getQueryType(), schema.getMutationType()].flatMap((type) =>
    Object.keys(type?.getFields() ?? {}),
  )
  const rows = Object.fromEntries(
    tableOf(REFERENCE('graphql'), 'operations').map(([field = '', , , budget = '', route = '']) => [
      bare(field),
      [budget, bare(route)],
    ]),
  )
  const inCode = Object.fromEntries(
    fields.map((field) => {
      const ofField = budgets.get(field) ?? []
      const spelled = ofField.map(spellBudget)
      return [field, [spelled.join(', '), routeOf(field)]]
    }),
  )
  expect(rows).toEqual(inCode)
})

test('docs/performance.md lists each part of the bench, its minutes, and whether it runs without being named', () => {
  const rows = tableOf(read('docs/performance.md'), 'bench').map(([part = '', minutes, always]) => [
    bare(part),
    { minutes: Number(minutes), always: always === 'yes' },
  ])
  expect(Object.fromEntries(rows)).toEqual(BENCH_PARTS)
})

/** `POST /api/auth/login` for `login`; nothing for a field without a route. */
function routeOf(field: string): string {
  const route = REST_ROUTES.find(({ document }) =>
    document.definitions.some(
      (node) =>
        node.kind === Kind.OPERATION_DEFINITION &&
        node.selectionSet.selections.some(
          (selection) => selection.kind === Kind.FIELD && selection.name.value === field,
        ),
    ),
  )
  return route ? `${route.method} ${route.url}` : ''
}

test('docs/reference/errors.md lists every code with its status', () => {
  const statuses = (text: string, table: string) =>
    Object.fromEntries(tableOf(text, table).map(([code = '', status]) => [bare(code), Number(status)]))
  const expected = Object.fromEntries(
    [...Object.keys(USER_ERRORS), ...Object.keys(REQUEST_ERRORS)].map((code) => [code, statusOf(code as ErrorCode)]),
  )
  expect({ ...statuses(ERRORS, 'user-codes'), ...statuses(ERRORS, 'request-codes') }).toEqual(expected)
  expect(firstColumn(ERRORS, 'user-codes').sort()).toEqual(sorted(Object.keys(USER_ERRORS)))
  expect(firstColumn(ERRORS, 'request-codes').sort()).toEqual(sorted(Object.keys(REQUEST_ERRORS)))
  expect(firstColumn(ERRORS, 'field-codes').sort()).toEqual(sorted(FIELD_ERROR_CODES))
})

test('docs/reference/environment.md lists each variable of the environment with its default', () => {
  const rows = tableOf(REFERENCE('environment'), 'environment')
  const family = (name: string) => (name in BUDGET_VARIABLES ? 'RATE_LIMIT_<FIELD>' : name)
  const expected = new Set(Object.keys(environment.shape).map(family))
  expect(rows.map(([name = '']) => bare(name)).sort()).toEqual([...expected].sort())
  const fallbacks = environment.parse({}) as Record<string, unknown>
  for (const [name = '', cell = ''] of rows) {
    const variable = bare(name)
    // A default of the list itself stands in backticks; the others depend on variables, and are told in words.
    const told = /^`(.+)`$/.exec(cell)?.[1]
    const parsed = environment.parse(told === undefined ? {} : { [variable]: told }) as Record<string, unknown>
    expect([variable, told !== undefined, parsed[variable]]).toEqual([
      variable,
      fallbacks[variable] !== undefined,
      fallbacks[variable],
    ])
  }
})

test('docs/reference/commands.md lists each script and each command', () => {
  const { scripts } = JSON.parse(read('package.json')) as { scripts: Record<string, string> }
  // The parts of `check` and `test` stand in CONTRIBUTING.md.
  const named = Object.keys(scripts).filter((name) => !/^pre|:/.test(name))
  const parts = Object.keys(scripts).filter((name) => name.includes(':'))
  for (const part of parts) expect(read('CONTRIBUTING.md')).toContain(part)
  const ofNpm = named.map((name) => (['start', 'test'].includes(name) ? `npm ${name}` : `npm run ${name}`))
  const usage = [...read('src/main.ts').matchAll(/^ {2}(\w[\w [\]-]*?) {2,}\S/gm)].map(
    ([, text = '']) => `gatehouse ${text}`,
  )
  expect(usage.length).toBeGreaterThan(5)
  expect(firstColumn(REFERENCE('commands'), 'commands').sort()).toEqual([...ofNpm, ...usage].sort())
})

test('docs/reference/database.md lists each table of the database', () => {
  const models = read('prisma/schema.prisma')
    .split(/^(?=model |enum )/m)
    .filter((block) => block.startsWith('model '))
  const mapped = models.map((model) => /@@map\("(\w+)"\)/.exec(model)?.[1] ?? 'a model without a table')
  expect(firstColumn(REFERENCE('database'), 'tables').sort()).toEqual(mapped.sort())
})

test('docs/reference/metrics.md lists each metric with its type and its labels', () => {
  const { registry } = createMetrics()
  const ours = registry.getMetricsAsArray().filter(({ name }) => name.startsWith('gatehouse_'))
  const inCode = ours.map((metric) => {
    const { name, type, labelNames = [] } = metric as unknown as { name: string; type: string; labelNames?: string[] }
    return [name, type, labelNames.join(', ')]
  })
  const told = tableOf(REFERENCE('metrics'), 'metrics').map(([name = '', type = '', labels = '']) => [
    bare(name),
    type,
    bare(labels),
  ])
  expect(told.sort()).toEqual(inCode.sort())
})

test('docs/reference/events.md lists each event of the log', () => {
  const sources = readdirSync(join(ROOT, 'src'), { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.ts') && !file.startsWith('generated'))
    .map((file) => read(join('src', file)))
  const events = sources.flatMap((source) =>
    [
      ...source.matchAll(
        /(?:\{ event: |(?:event: (?:\[\.\.\.verified, )?|auditOf\(client, |recordEvent\(deps, (?:client|actor), |const event = |\? [([])\{\s*type: |stopAfter\()'([a-z]+(?:_[a-z]+)*)'/g,
      ),
    ].map(([, name = '']) => name),
  )
  expect(firstColumn(REFERENCE('events'), 'events').sort()).toEqual(sorted(new Set(events)))
})

test('docs/reference/limits.md lists each fixed limit with its value', () => {
  const inCode: [string, number][] = []
  for (const [group, value] of Object.entries({ ...defaults, ...operatorDefaults, ...webhookDefaults })) {
    if (typeof value === 'number') inCode.push([group, value])
    else for (const [name, limit] of Object.entries(value)) inCode.push([`${group}.${name}`, limit])
  }
  const told = tableOf(REFERENCE('limits'), 'limits').map(([name = '', value = '']): [string, number] => [
    bare(name),
    parseDuration(value) ?? Number(value),
  ])
  expect(Object.fromEntries(told)).toEqual(Object.fromEntries(inCode))
})

test('compose.yaml migrates as the owner, and serves by a role that owns nothing', () => {
  const compose = read('compose.yaml')
  expect([...compose.matchAll(/postgresql:\/\/(\w+):/g)].map(([, role]) => role).sort()).toEqual([
    'gatehouse_app',
    'gatehouse_owner',
  ])
  const proxies = /TRUST_PROXY: (.*)/.exec(compose)?.[1]
  expect(proxies).toBe(/gateway: (.*)/.exec(compose)?.[1])
})

test('docs/webhooks.md lists each event with its data, and each delay', () => {
  const text = read('docs/webhooks.md')
  const told = tableOf(text, 'webhook-events').map(([type = '', when, data = '']) => [bare(type), when, bare(data)])
  const inCode = Object.entries(WEBHOOK_EVENTS).map(([type, { when, data }]) => {
    const names = Object.keys(data.shape).filter((name) => name !== 'email')
    return [type, when, names.join(', ')]
  })
  expect(told).toEqual(inCode)
  const delays = tableOf(text, 'webhook-attempts').map(([, delay = '']) => parseDuration(delay))
  expect(delays).toEqual([...RETRY_DELAYS])
})

test('docs/operators.md lists each field with its scope, and each scope', () => {
  const text = read('docs/operators.md')
  const fields = tableOf(text, 'operator-fields').map(([name = '', scope = '']) => [bare(name), bare(scope)])
  const inCode = Object.entries(SCOPE_OF_FIELD).map(([name, scope]) => [name, scope ?? 'people only'])
  expect(fields.sort()).toEqual(inCode.sort())
  const scopes = tableOf(text, 'service-scopes').map(([name = '', what = '']) => [bare(name), what])
  expect(scopes).toEqual(Object.entries(SERVICE_SCOPES))
})

test('docs/mails.md lists each mail', () => {
  expect(firstColumn(read('docs/mails.md'), 'mails').sort()).toEqual(sorted(MAIL_NAMES))
})

test('docs/dependencies.md has a line for each package and each override, and for no other', () => {
  type Listed = Record<string, string>
  const manifest = JSON.parse(read('package.json')) as Record<string, Listed | undefined>
  const kinds = ['dependencies', 'devDependencies', 'optionalDependencies']
  const wanted = kinds.flatMap((kind) => Object.keys(manifest[kind] ?? {}))
  const text = read('docs/dependencies.md')
  const [list = ''] = text.split('<!-- table: overrides -->')
  const listed = [...list.matchAll(/^\| `([^`]+)` \| (?=\S)/gm)].map(([, name = '']) => name)
  expect(listed.sort()).toEqual(wanted.sort())
  expect(firstColumn(text, 'overrides').sort()).toEqual(Object.keys(manifest.overrides ?? {}).sort())
})

test('docs/README.md lists every page', () => {
  const pages = readdirSync(join(ROOT, 'docs'), { recursive: true, encoding: 'utf8' }).filter((file) =>
    file.endsWith('.md'),
  )
  const listed = new Set(linksOf(read('docs/README.md')).map((link) => link.split('#')[0]))
  expect(pages.filter((page) => page !== 'README.md' && !listed.has(page))).toEqual([])
})

test('every link of the documents leads somewhere', () => {
  const below = (folder: string) =>
    readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' })
      .filter((file) => !/(?:^|\/)node_modules\//.test(file))
      .map((file) => join(folder, file))
  const documents = [...readdirSync(ROOT), ...['docs', 'examples', 'packages'].flatMap(below)]
  const broken = documents
    .filter((file) => file.endsWith('.md'))
    .flatMap((file) => linksOf(read(file)).map((link) => ({ file, link })))
    .filter(({ file, link }) => !leadsSomewhere(file, link))
    .map(({ file, link }) => `${file}: ${link}`)
  expect(broken).toEqual([])
})

function linksOf(text: string): string[] {
  return [...text.matchAll(/\]\(([^)\s]+)\)/g)].map(([, link = '']) => link).filter((link) => !/^[a-z]+:/.test(link))
}

function leadsSomewhere(from: string, link: string): boolean {
  const [path = '', anchor] = link.split('#')
  const target = path === '' ? from : join(dirname(from), path)
  if (!existsSync(join(ROOT, target))) return false
  return anchor === undefined || anchorsOf(read(target)).includes(anchor)
}

/** As the usual viewers make them of headings: lower case, spaces as hyphens, other signs left out. */
function anchorsOf(text: string): string[] {
  const headings = [...text.matchAll(/^#+ (.+)$/gm)].map(([, heading = '']) => heading)
  return headings.map((heading) =>
    heading
      .toLowerCase()
      .replace(/[^\w\- ]/g, '')
      .replace(/ /g, '-'),
  )
}

describe('the dashboard and the alert rules', () => {
  const { panels } = JSON.parse(read('deploy/grafana-dashboard.json')) as {
    panels: { title: string; targets: { expr: string }[] }[]
  }
  const ofDashboard = panels.flatMap(({ targets }) => targets.map(({ expr }) => expr))
  const alerts = read('deploy/alerts.yaml')
  const ofAlerts = [...alerts.matchAll(/^ +expr: (.+)$/gm)].map(([, expr = '']) => expr)
  const declared = createMetrics().registry.getMetricsAsArray() as unknown as {
    name: string
    type: string
    labelNames?: string[]
  }[]
  /** The series that Prometheus gets, with their labels beside `instance`, which Prometheus adds. */
  const series = new Map(
    declared.flatMap(({ name, type, labelNames = [] }): [string, string[]][] =>
      type === 'histogram'
        ? ['_bucket', '_count', '_sum'].map((end) => [name + end, [...labelNames, 'le', 'instance']])
        : [[name, [...labelNames, 'instance']]],
    ),
  )
  const metricsIn = (expr: string) => expr.match(/\b(?:gatehouse|nodejs|process)_\w+/g) ?? []
  const labelsIn = (expr: string) => [
    ...[...expr.matchAll(/\bby \(([^)]*)\)/g)].flatMap(([, list = '']) => list.split(/, */)),
    ...[...expr.matchAll(/[{,] *(\w+) *(?:=~|!~|!=|=)/g)].map(([, label = '']) => label),
  ]

  test.each([...ofDashboard, ...ofAlerts])('ask for what is declared: %s', (expr) => {
    const metrics = metricsIn(expr)
    expect(metrics).not.toEqual([])
    expect(metrics.filter((name) => !series.has(name))).toEqual([])
    const labels = metrics.flatMap((name) => series.get(name) ?? [])
    expect(labelsIn(expr).filter((label) => !labels.includes(label))).toEqual([])
  })

  test('the dashboard shows every metric of ours', () => {
    const shown = ofDashboard.flatMap(metricsIn).map((name) => name.replace(/_(?:bucket|count|sum)$/, ''))
    const ours = declared.map(({ name }) => name).filter((name) => name.startsWith('gatehouse_'))
    expect(sorted(new Set(shown.filter((name) => name.startsWith('gatehouse_'))))).toEqual(sorted(ours))
  })

  test('docs/operations.md names each alert', () => {
    const names = [...alerts.matchAll(/^ +- alert: (\w+)$/gm)].map(([, name]) => name)
    expect(names.length).toBe(ofAlerts.length)
    expect(firstColumn(OPERATIONS, 'alerts')).toEqual(names)
  })
})
